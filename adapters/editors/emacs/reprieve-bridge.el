;;; reprieve-bridge.el --- The process that does the work  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; One `reprieve bridge', over jsonrpc.el: started at the first question,
;; started again once.  Knows processes, the handshake, and which questions
;; have no answer yet: they are asked again where the bridge died, since none
;; of ours does anything twice (starts carry an idempotency key).  Knows
;; nothing of what they mean.

;;; Code:

(require 'cl-lib)
(require 'jsonrpc)
(require 'reprieve-finder)

(defvar reprieve-bridge-changed-functions nil
  "Called with a job, a plist, whenever its state has changed.")

(defvar reprieve-bridge-progress-functions nil
  "Called with a token and a plist whenever the job of that token has progressed.")

(defvar reprieve-bridge-reopened-hook nil
  "Run when another bridge has taken over from one that died.")

(defvar reprieve-bridge-lost-hook nil
  "Run when there is no bridge any more, and nothing will be told of its jobs.")

(define-error 'reprieve-bridge-plan-stale
  "The database has changed since this was planned" 'user-error)

(defconst reprieve-bridge--plan-stale 1412
  "The code of the error that a plan's database has changed.")

(defconst reprieve-bridge--protocol "1"
  "The major of the protocol that this package speaks.")

(defconst reprieve-bridge--usage 2
  "The exit code of a reprieve that has no bridge.")

(defconst reprieve-bridge--cannot-open 4
  "The exit code of a bridge whose database cannot be opened.")

(defconst reprieve-bridge--patience 15
  "Seconds that a bridge has to greet.")

(defconst reprieve-bridge--farewell 3
  "Seconds that a bridge has to end when it is asked to.")

(cl-defstruct (reprieve-bridge--question (:constructor reprieve-bridge--make-question))
  "A METHOD asked with PARAMS; ANSWERED or REFUSED is called once."
  method params answered refused)

(defvar reprieve-bridge--connection nil
  "The bridge that runs, or starts.")

(defvar reprieve-bridge--count 0
  "How many bridges were started: each has buffers of its own.")

(defvar reprieve-bridge--greeted nil
  "Whether its handshake is over.")

(defvar reprieve-bridge--waiting nil
  "The questions that have no answer yet, in order.")

(defvar reprieve-bridge--since nil
  "The last change that was heard.")

(defvar reprieve-bridge--started-again nil
  "Whether the bridge that runs was started because the one before it died.")

(defvar reprieve-bridge--complaint nil
  "What the bridge logged as an error.")

(defun reprieve-bridge--give-up (words)
  "It is over: whoever waits is told in these WORDS, and the user is."
  (let ((waiting reprieve-bridge--waiting))
    (setq reprieve-bridge--waiting nil)
    (run-hooks 'reprieve-bridge-lost-hook)
    (dolist (question waiting)
      (funcall (reprieve-bridge--question-refused question) (list :message words)))
    (message "reprieve: %s" words)))

(defun reprieve-bridge--part ()
  "Hear nothing more from the bridge; what it was is given back."
  (prog1 reprieve-bridge--connection
    (setq reprieve-bridge--connection nil
          reprieve-bridge--greeted nil)))

(defun reprieve-bridge--clear (connection)
  "Leave nothing of CONNECTION: no process and no buffer."
  (jsonrpc-shutdown connection t)
  (kill-buffer (jsonrpc-events-buffer connection)))

(defun reprieve-bridge--send (question)
  "Ask QUESTION; its answer counts only while it waits for one."
  (cl-flet ((settled (then)
              (lambda (said)
                (when (memq question reprieve-bridge--waiting)
                  (setq reprieve-bridge--waiting (delq question reprieve-bridge--waiting))
                  (funcall (funcall then question) said)))))
    (let ((refused (settled #'reprieve-bridge--question-refused)))
      (jsonrpc-async-request
       reprieve-bridge--connection
       (reprieve-bridge--question-method question)
       (reprieve-bridge--question-params question)
       :timeout nil
       :success-fn (settled #'reprieve-bridge--question-answered)
       :error-fn (lambda (wrong)
                   ;; -1 is jsonrpc.el's: the process has died.
                   (unless (eql -1 (plist-get wrong :code))
                     (funcall refused wrong)))))))

(defun reprieve-bridge--dismiss (words)
  "Give up a bridge that runs, and say so in WORDS."
  ;; Its process is ended a moment later: its own output is being read now.
  (run-at-time 0 nil #'reprieve-bridge--clear (reprieve-bridge--part))
  (reprieve-bridge--give-up words))

(defun reprieve-bridge--subscribe (again)
  "Hear of every change from now on; AGAIN, of those that were missed, too."
  (jsonrpc-async-request
   reprieve-bridge--connection 'jobs/subscribe
   (and reprieve-bridge--since (list :since reprieve-bridge--since))
   :timeout nil
   :success-fn (lambda (answer)
                 (setq reprieve-bridge--since (plist-get answer :seq))
                 (when again
                   (run-hooks 'reprieve-bridge-reopened-hook)))
   :error-fn (lambda (wrong)
               (unless (eql -1 (plist-get wrong :code))
                 (reprieve-bridge--dismiss (plist-get wrong :message))))))

(defun reprieve-bridge--major (version)
  "The major of VERSION."
  (car (split-string (format "%s" version) "\\.")))

(defun reprieve-bridge--greet (result)
  "Go on after the handshake with its RESULT.
Majors must match, and program versions need not."
  (let ((spoken (plist-get result :protocolVersion)))
    (if (not (equal reprieve-bridge--protocol (reprieve-bridge--major spoken)))
        (reprieve-bridge--mismatch spoken)
      (setq reprieve-bridge--greeted t)
      (jsonrpc-notify reprieve-bridge--connection 'initialized nil)
      (reprieve-bridge--subscribe reprieve-bridge--started-again)
      (mapc #'reprieve-bridge--send reprieve-bridge--waiting))))

(defun reprieve-bridge--mismatch (spoken)
  "Give up a bridge that has SPOKEN another protocol."
  (reprieve-bridge--dismiss
   (format (concat "the bridge speaks protocol %s and this package speaks %s: "
                   "update the older one of them")
           spoken reprieve-bridge--protocol)))

(defun reprieve-bridge--ungreeted (wrong)
  "The handshake failed, as WRONG says; a death is dealt with where it is seen."
  (unless (eql -1 (plist-get wrong :code))
    (let ((theirs (plist-get (plist-get wrong :data) :protocolVersions)))
      (if theirs
          (reprieve-bridge--mismatch (mapconcat #'identity theirs ", "))
        (reprieve-bridge--dismiss (plist-get wrong :message))))))

(defun reprieve-bridge--heard (_connection method params)
  "The bridge has notified of METHOD with PARAMS."
  (pcase method
    ('jobs/didChange
     (setq reprieve-bridge--since (plist-get params :seq))
     (run-hook-with-args 'reprieve-bridge-changed-functions (plist-get params :job)))
    ('$/progress
     (run-hook-with-args 'reprieve-bridge-progress-functions
                         (plist-get params :token) (plist-get params :value)))
    ('window/logMessage
     (when (eql 1 (plist-get params :type))
       (setq reprieve-bridge--complaint (plist-get params :message))))))

(defun reprieve-bridge--ended (connection)
  "CONNECTION is over.  One that died is followed by another, once."
  (when (eq connection reprieve-bridge--connection)
    (let* ((code (process-exit-status (jsonrpc--process connection)))
           (reason (or reprieve-bridge--complaint (format "it ended with %d" code))))
      (reprieve-bridge--clear (reprieve-bridge--part))
      (cond
       ((eql code reprieve-bridge--cannot-open) (reprieve-bridge--give-up reason))
       ((eql code reprieve-bridge--usage)
        (reprieve-bridge--give-up
         (format "this reprieve has no bridge (%s): update it" reason)))
       (reprieve-bridge--started-again
        (reprieve-bridge--give-up
         (format "the bridge was started again, and ended again: %s" reason)))
       (t (setq reprieve-bridge--started-again t)
          (condition-case wrong
              (reprieve-bridge--start)
            (error (reprieve-bridge--give-up (error-message-string wrong)))))))))

(defun reprieve-bridge--no-events ()
  "What tells jsonrpc.el to keep no log; it is said otherwise since Emacs 30."
  (if (slot-exists-p 'jsonrpc-process-connection '-events-buffer-config)
      '(:events-buffer-config (:size 0))
    '(:events-buffer-scrollback-size 0)))

(defun reprieve-bridge--start ()
  "Start a bridge and greet it."
  (let ((command (reprieve-finder-command-line))
        (name (format "reprieve-%d" (cl-incf reprieve-bridge--count))))
    (setq reprieve-bridge--complaint nil
          reprieve-bridge--connection
          (apply
           #'make-instance 'jsonrpc-process-connection
           :name name
           :notification-dispatcher #'reprieve-bridge--heard
           ;; Not at once: since Emacs 30 what it said last is heard after its end.
           :on-shutdown (lambda (connection)
                          (run-at-time 0 nil #'reprieve-bridge--ended connection))
           :process (lambda ()
                      (make-process :name name :command command :connection-type 'pipe
                                    :coding 'utf-8-emacs-unix :noquery t
                                    :stderr (get-buffer-create
                                             (format "*%s stderr*" name))))
           (reprieve-bridge--no-events)))
    (jsonrpc-async-request
     reprieve-bridge--connection 'initialize
     `(:processId ,(emacs-pid)
       :clientInfo (:name "Emacs" :version ,emacs-version)
       :protocolVersions [,reprieve-bridge--protocol]
       :capabilities (:window (:workDoneProgress :json-false)))
     :timeout reprieve-bridge--patience
     :timeout-fn (lambda ()
                   (reprieve-bridge--dismiss "the bridge has not greeted; update it"))
     :success-fn #'reprieve-bridge--greet
     :error-fn #'reprieve-bridge--ungreeted)))

;;; For the rest of the package

(defun reprieve-bridge-ask (method params answered &optional refused)
  "Ask METHOD with PARAMS; the bridge is started if need be.
ANSWERED is called with the result, or REFUSED with the error."
  (let ((question (reprieve-bridge--make-question
                   :method method :params params :answered answered
                   :refused (or refused
                                (lambda (wrong)
                                  (message "reprieve: %s" (plist-get wrong :message)))))))
    (unless reprieve-bridge--connection
      (setq reprieve-bridge--started-again nil)
      (reprieve-bridge--start))
    (setq reprieve-bridge--waiting (append reprieve-bridge--waiting (list question)))
    (when (and reprieve-bridge--greeted (jsonrpc-running-p reprieve-bridge--connection))
      (reprieve-bridge--send question))
    question))

(defun reprieve-bridge-call (method params)
  "Ask METHOD with PARAMS and wait for the result.
Where there is none, signals `user-error', or, where a plan did
not last, `reprieve-bridge-plan-stale'."
  (let* (done result wrong
         (question (reprieve-bridge-ask method params
                                        (lambda (said) (setq done t result said))
                                        (lambda (said) (setq done t wrong said)))))
    (unwind-protect
        (while (not done)
          (accept-process-output nil 0.1))
      (setq reprieve-bridge--waiting (delq question reprieve-bridge--waiting)))
    (when wrong
      (signal (if (eql reprieve-bridge--plan-stale (plist-get wrong :code))
                  'reprieve-bridge-plan-stale
                'user-error)
              (list (plist-get wrong :message))))
    result))

(defun reprieve-bridge-stop ()
  "End the bridge, as it should be ended.
What it does for us is cancelled by it, but a backup, which its
successor takes up."
  (interactive)
  (setq reprieve-bridge--waiting nil
        reprieve-bridge--since nil)
  (run-hooks 'reprieve-bridge-lost-hook)
  (let* ((greeted reprieve-bridge--greeted)
         (connection (reprieve-bridge--part)))
    (when (and connection greeted (jsonrpc-running-p connection))
      (jsonrpc-request connection 'shutdown nil)
      (jsonrpc-notify connection 'exit nil)
      (with-timeout (reprieve-bridge--farewell)
        (while (jsonrpc-running-p connection)
          (accept-process-output nil 0.1))))
    (when connection
      (reprieve-bridge--clear connection))))

(provide 'reprieve-bridge)
;;; reprieve-bridge.el ends here
