;;; reprieve-list.el --- The backups in a buffer  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; A tabulated list of the backups, newest first, with keys for what one can
;; do with them.  It follows the jobs: the mode line shows the one under way,
;; and the list is drawn again when one has ended.

;;; Code:

(require 'reprieve)
(require 'tabulated-list)

(defconst reprieve-list--buffer "*reprieve*"
  "The name of the buffer.")

(defvar reprieve-list-mode-map
  (let ((map (make-sparse-keymap)))
    (set-keymap-parent map tabulated-list-mode-map)
    (define-key map (kbd "RET") #'reprieve-list-restore)
    (define-key map "b" #'reprieve-backup)
    (define-key map "c" #'reprieve-cancel)
    (define-key map "u" #'reprieve-revert)
    map)
  "Keys of the list of backups.")

(define-derived-mode reprieve-list-mode tabulated-list-mode "Reprieve"
  "The backups of `reprieve-database', newest first."
  (setq tabulated-list-format
        [("Made" 20 t) ("Size" 11 nil :right-align t) ("Backup" 25 t) ("Database" 0 t)]
        tabulated-list-entries #'reprieve-list--entries
        tabulated-list-padding 1)
  (add-hook 'reprieve-bridge-changed-functions #'reprieve-list--follow)
  (tabulated-list-init-header))

(defun reprieve-list--entries ()
  "A line for each backup."
  (mapcar (lambda (backup)
            (list (plist-get backup :id)
                  (vector (reprieve-words-made (plist-get backup :created))
                          (reprieve-words-size (plist-get backup :bytes))
                          (plist-get backup :id)
                          (abbreviate-file-name (plist-get backup :database)))))
          (reprieve-backups)))

(defun reprieve-list--follow (job)
  "Show how JOB stands, and the list again if it is over."
  (when-let ((buffer (get-buffer reprieve-list--buffer)))
    (with-current-buffer buffer
      (if (not (reprieve-jobs--final-p job))
          (setq mode-line-process (format " [%s]" (reprieve-words-doing job)))
        (setq mode-line-process nil)
        ;; Not at once: an answer may be being read, and the list asks for one.
        (run-at-time 0 nil #'reprieve-list--redraw))
      (force-mode-line-update))))

(defun reprieve-list--redraw ()
  "Show how things stand now, where the buffer still is."
  (when-let ((buffer (get-buffer reprieve-list--buffer)))
    (with-current-buffer buffer
      (revert-buffer))))

(defun reprieve-list-restore ()
  "Restore the backup at point."
  (interactive)
  (reprieve-restore (or (tabulated-list-get-id) (user-error "There is no backup here"))))

(defun reprieve-list-open ()
  "Show the list."
  (let ((buffer (get-buffer-create reprieve-list--buffer)))
    (with-current-buffer buffer
      (reprieve-list-mode)
      (tabulated-list-print))
    (pop-to-buffer buffer)))

(provide 'reprieve-list)
;;; reprieve-list.el ends here
