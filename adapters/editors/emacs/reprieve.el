;;; reprieve.el --- Back up and restore live SQLite databases  -*- lexical-binding: t; -*-

;; Author: The reprieve project
;; Version: 0.1.0
;; Package-Requires: ((emacs "28.1"))
;; Keywords: data, tools
;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Backs up the SQLite database of a tool that is running, puts a backup back,
;; and undoes that again.  Set `reprieve-database', then use
;; `reprieve-backup', `reprieve-restore', `reprieve-cancel', `reprieve-revert'
;; and `reprieve-list'.  The work is done by `reprieve bridge', a process
;; beside Emacs (see reprieve-finder.el for where it is looked for).
;;
;; This file holds the commands: each asks the user what it must, and then
;; the bridge.

;;; Code:

(require 'reprieve-bridge)
(require 'reprieve-jobs)
(require 'reprieve-words)

(declare-function reprieve-list-open "reprieve-list" ())

(defun reprieve-backups ()
  "Every backup, newest first."
  (let (found cursor more)
    (while (progn
             (let ((page (reprieve-bridge-call 'backups/list
                                               (and cursor (list :cursor cursor)))))
               (setq found (nconc (nreverse (append (plist-get page :items) nil)) found)
                     more (plist-get page :nextCursor)
                     cursor more))
             more))
    found))

(defun reprieve--choose (prompt things words)
  "Let the user choose one of THINGS, in their order, after PROMPT.
WORDS makes a line of each."
  (let ((lines (mapcar (lambda (thing) (cons (funcall words thing) thing)) things)))
    (cdr (assoc (completing-read
                 prompt
                 (lambda (string predicate action)
                   (if (eq action 'metadata)
                       '(metadata (display-sort-function . identity)
                                  (cycle-sort-function . identity))
                     (complete-with-action action lines string predicate)))
                 nil t nil nil (caar lines))
                lines))))

(defun reprieve--choose-backup ()
  "Let the user choose a backup; its id."
  (let ((backups (reprieve-backups)))
    (unless backups
      (user-error "There is no backup yet; `reprieve-backup' makes the first"))
    (plist-get
     (reprieve--choose (format "Restore %s as it was on: " (reprieve-words-name))
                       backups #'reprieve-words-backup)
     :id)))

(defun reprieve--put-back (backup &optional changed-meanwhile)
  "Restore BACKUP, the id of one, once the user has agreed to what that replaces.
CHANGED-MEANWHILE says that a plan for it did not last: while others
write none does, and then the second word of a person counts."
  (let ((plan (reprieve-bridge-call 'backup/restorePlan (list :backup backup))))
    (when (yes-or-no-p (concat (and changed-meanwhile "It has changed meanwhile.  ")
                               (plist-get plan :message) "  Restore? "))
      (condition-case nil
          (reprieve-jobs-start 'backup/restore
                               `(:backup ,backup
                                 ,@(if changed-meanwhile
                                       '(:confirm t)
                                     (list :planToken (plist-get plan :planToken)))))
        (reprieve-bridge-plan-stale (reprieve--put-back backup t))))))

;;;###autoload
(defun reprieve-backup ()
  "Back the database up now."
  (interactive)
  (reprieve-jobs-start 'backups/create nil))

;;;###autoload
(defun reprieve-restore (backup)
  "Put BACKUP, the id of one, back in place of the whole database.
Interactively, choose among the backups, newest first.  What is
replaced is told and must be agreed to."
  (interactive (list (reprieve--choose-backup)))
  (reprieve--put-back backup))

;;;###autoload
(defun reprieve-cancel ()
  "Cancel the job that is under way; of several, the one that is chosen."
  (interactive)
  (let* ((answer (reprieve-bridge-call 'jobs/list '(:unsettled t)))
         (jobs (append (plist-get answer :items) nil))
         (job (if (cdr jobs)
                  (reprieve--choose "Cancel: " jobs #'reprieve-words-job)
                (car jobs))))
    (if (not job)
        (message "No job is under way")
      (reprieve-bridge-ask 'jobs/cancel (list :job (plist-get job :id))
                           (lambda (answer)
                             (unless (eq t (plist-get answer :accepted))
                               (message "The cancel came too late; the job has ended")))))))

;;;###autoload
(defun reprieve-revert ()
  "Undo the last restoration; what was written since is kept by it."
  (interactive)
  (let ((copies (plist-get (reprieve-bridge-call 'database/undoCopies nil) :items)))
    (when (seq-empty-p copies)
      (user-error "There is no restoration to undo"))
    (let ((copy (elt copies 0)))
      (when (yes-or-no-p
             (format "%s is replaced by what it held before %s, on %s (%s).  Revert? "
                     (reprieve-words-name)
                     (plist-get copy :reason)
                     (reprieve-words-made (plist-get copy :created))
                     (reprieve-words-size (plist-get copy :bytes))))
        (reprieve-jobs-start 'database/revert
                             (list :confirm t :undo (plist-get copy :id)))))))

;;;###autoload
(defun reprieve-list ()
  "Show the backups, with keys for what one can do with them."
  (interactive)
  (require 'reprieve-list)
  (reprieve-list-open))

(provide 'reprieve)
;;; reprieve.el ends here
