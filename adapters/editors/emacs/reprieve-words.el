;;; reprieve-words.el --- Sizes, moments and jobs in people's words  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Pure: knows the wire's plists and how they are written, and nothing of who
;; shows them.

;;; Code:

(require 'iso8601)

(defvar reprieve-database)

(defun reprieve-words-url-p (name)
  "Whether NAME is a URL; one letter before a colon is a drive of Windows."
  (string-match-p "\\`[[:alpha:]][[:alnum:]+.-]+:" name))

(defun reprieve-words-name ()
  "The database in few words."
  (cond ((not reprieve-database) "the database")
        ((reprieve-words-url-p reprieve-database) reprieve-database)
        (t (file-name-nondirectory reprieve-database))))

(defun reprieve-words-size (bytes)
  "A number of BYTES, as `100.3 MiB'."
  (if (< bytes 1024)
      (format "%d B" bytes)
    (let ((value (/ bytes 1024.0)) (units '("KiB" "MiB" "GiB" "TiB")))
      (while (and (>= value 1024) (cdr units))
        (setq value (/ value 1024) units (cdr units)))
      (format "%.1f %s" value (car units)))))

(defun reprieve-words-moment (said)
  "The moment that the wire SAID, in the reader's own time zone."
  (format-time-string "%Y-%m-%d %H:%M:%S" (encode-time (iso8601-parse said))))

(defun reprieve-words-made (said)
  "When something was made, by what the wire SAID.
A time in the future, by a clock that was ahead, is marked."
  (concat (reprieve-words-moment said)
          (if (time-less-p (time-add nil 60) (encode-time (iso8601-parse said)))
              " (in the future)"
            "")))

(defun reprieve-words-own-p (backup)
  "Whether BACKUP is of the database, or may be: of a service's only it knows."
  (or (reprieve-words-url-p reprieve-database)
      (equal (plist-get backup :database) (file-truename reprieve-database))))

(defun reprieve-words-backup (backup)
  "BACKUP in one line; a store may have those of other databases too."
  (format "%s  %10s  %s%s"
          (reprieve-words-made (plist-get backup :created))
          (reprieve-words-size (plist-get backup :bytes))
          (plist-get backup :id)
          (if (reprieve-words-own-p backup)
              ""
            (concat "  of " (abbreviate-file-name (plist-get backup :database))))))

(defun reprieve-words--reverts-p (job)
  "Whether JOB is a revert."
  (and (equal (plist-get job :kind) "restoration") (not (plist-get job :backup))))

(defun reprieve-words-doing (job)
  "What JOB does: `Restoring snippets.db'."
  (format "%s %s"
          (cond ((equal (plist-get job :kind) "creation") "Backing up")
                ((reprieve-words--reverts-p job) "Reverting")
                (t "Restoring"))
          (reprieve-words-name)))

(defun reprieve-words-job (job)
  "JOB and how it stands, in one line; its id tells it from others."
  (format "%s: %s %d %%  %s"
          (reprieve-words-doing job)
          (plist-get job :state)
          (plist-get job :percentage)
          (plist-get job :id)))

(defun reprieve-words-ending (job)
  "How JOB ended, as one sentence."
  (let ((name (reprieve-words-name)))
    (cond
     ((equal (plist-get job :state) "failed")
      (format "%s failed: %s"
              (reprieve-words-doing job)
              (plist-get (plist-get job :error) :message)))
     ((equal (plist-get job :outcome) "cancelled")
      (format "%s was cancelled; everything is as it was before"
              (reprieve-words-doing job)))
     ((equal (plist-get job :kind) "creation")
      (let ((total (plist-get job :total)))
        (format "Backed up %s%s" name
                (if (and (equal (plist-get job :unit) "bytes") (> total 0))
                    (format " (%s)" (reprieve-words-size total))
                  ""))))
     ((reprieve-words--reverts-p job)
      (format "Reverted %s to what it held before the restoration" name))
     (t (substitute-command-keys
         (format "Restored %s; \\[reprieve-revert] brings back what it held before" name))))))

(provide 'reprieve-words)
;;; reprieve-words.el ends here
