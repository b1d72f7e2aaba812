;;; reprieve-jobs.el --- The jobs that this Emacs has started  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; Their progress, in a progress reporter each, and how they ended.  A job's
;; progress is over when the job is (`jobs/didChange'), whatever else was
;; answered or told.

;;; Code:

(require 'cl-lib)
(require 'reprieve-bridge)
(require 'reprieve-words)

(cl-defstruct (reprieve-jobs--started (:constructor reprieve-jobs--make-started))
  "What was started under TOKEN: the id of its JOB, once that is known, and its REPORTER."
  token job reporter)

(defvar reprieve-jobs--all nil
  "What was started and is not over.")

(defvar reprieve-jobs--ended nil
  "How jobs ended while a start had no answer yet, by their ids.")

(defvar reprieve-jobs--count 0
  "How many jobs this Emacs has started.")

(defvar reprieve-jobs-ended-functions nil
  "Called with a job, a plist, that was started here and is over.")

(defun reprieve-jobs--final-p (job)
  "Whether JOB is over."
  (member (plist-get job :state) '("done" "failed")))

(defun reprieve-jobs--token ()
  "A name that no other job has."
  (format "reprieve/%d/%.3f/%d" (emacs-pid) (float-time) (cl-incf reprieve-jobs--count)))

(defun reprieve-jobs--show (started title percentage &optional words)
  "Show how far STARTED is: its TITLE, its PERCENTAGE, and WORDS for what it is at."
  (unless (reprieve-jobs--started-reporter started)
    (setf (reprieve-jobs--started-reporter started)
          (make-progress-reporter (concat title "... ") 0 100)))
  (progress-reporter-update (reprieve-jobs--started-reporter started) (floor percentage)
                            (and words (concat " " words))))

(defun reprieve-jobs--settle (started job)
  "STARTED is over, as JOB tells."
  (setq reprieve-jobs--all (delq started reprieve-jobs--all))
  (when (and (reprieve-jobs--started-reporter started)
             (equal "completed" (plist-get job :outcome)))
    (progress-reporter-done (reprieve-jobs--started-reporter started)))
  (message "%s" (reprieve-words-ending job))
  (run-hook-with-args 'reprieve-jobs-ended-functions job))

(defun reprieve-jobs-start (method params)
  "Start a job by METHOD with PARAMS, and follow it to its end."
  (let ((started (reprieve-jobs--make-started :token (reprieve-jobs--token)))
        followed)
    (push started reprieve-jobs--all)
    (unwind-protect
        (let ((job (plist-get (reprieve-bridge-call
                               method
                               `(,@params
                                 :workDoneToken ,(reprieve-jobs--started-token started)
                                 :idempotencyKey ,(reprieve-jobs--started-token started)
                                 :detach t))
                              :job)))
          (setf (reprieve-jobs--started-job started) (plist-get job :id))
          (setq followed t)
          (when-let ((end (assoc (plist-get job :id) reprieve-jobs--ended)))
            (reprieve-jobs--settle started (cdr end))))
      (setq reprieve-jobs--ended nil)
      (unless followed
        (setq reprieve-jobs--all (delq started reprieve-jobs--all))))))

(defun reprieve-jobs--changed (job)
  "The state of JOB has changed."
  (let ((started (cl-find (plist-get job :id) reprieve-jobs--all
                          :key #'reprieve-jobs--started-job :test #'equal)))
    (cond ((and started (reprieve-jobs--final-p job))
           (reprieve-jobs--settle started job))
          (started
           (reprieve-jobs--show started (reprieve-words-doing job)
                                (plist-get job :percentage) (plist-get job :state)))
          ((and reprieve-jobs--all (reprieve-jobs--final-p job))
           (push (cons (plist-get job :id) job) reprieve-jobs--ended)))))

(defun reprieve-jobs--progressed (token value)
  "What was started under TOKEN has progressed, as VALUE tells."
  (when-let ((started (and (not (equal "end" (plist-get value :kind)))
                           (cl-find token reprieve-jobs--all
                                    :key #'reprieve-jobs--started-token :test #'equal))))
    (setf (reprieve-jobs--started-job started) (plist-get value :job))
    (reprieve-jobs--show started
                         (format "%s %s" (plist-get value :title) (reprieve-words-name))
                         (plist-get value :percentage) (plist-get value :message))))

(defun reprieve-jobs--reopened ()
  "Another bridge has taken over: what is over it may not tell any more."
  (dolist (started reprieve-jobs--all)
    (when-let ((job (reprieve-jobs--started-job started)))
      (reprieve-bridge-ask 'jobs/get (list :job job) #'reprieve-jobs--changed))))

(defun reprieve-jobs--lost ()
  "Nothing more will be told of any job."
  (setq reprieve-jobs--all nil
        reprieve-jobs--ended nil))

(add-hook 'reprieve-bridge-changed-functions #'reprieve-jobs--changed)
(add-hook 'reprieve-bridge-progress-functions #'reprieve-jobs--progressed)
(add-hook 'reprieve-bridge-reopened-hook #'reprieve-jobs--reopened)
(add-hook 'reprieve-bridge-lost-hook #'reprieve-jobs--lost)

(provide 'reprieve-jobs)
;;; reprieve-jobs.el ends here
