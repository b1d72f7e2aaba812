;;; person.el --- A person at Emacs  -*- lexical-binding: t; -*-

;;; Commentary:

;; What they are told and asked, what they answer, and how they look at their database.

;;; Code:

(require 'cl-lib)

(defvar person-told nil
  "The messages that came, newest first.")

(defvar person-asked nil
  "The questions that came, newest first.")

(defvar person-offered nil
  "What there was to choose from, at the last choice.")

(defvar person-agrees nil
  "What the person says to every question.")

(defvar person-meanwhile #'ignore
  "What somebody does while the person thinks about a question.
Called with how many were asked.")

(defvar person-choice 0
  "Which of the things that are offered the person chooses.")

(defconst person--deadline 60
  "Seconds after which a person gives up.")

(advice-add 'message :before
            (lambda (&optional format &rest words)
              (when format
                (push (apply #'format-message format words) person-told))))

(advice-add 'yes-or-no-p :override
            (lambda (question)
              (push question person-asked)
              (funcall person-meanwhile (length person-asked))
              person-agrees))

(advice-add 'completing-read :override
            (lambda (_prompt things &rest _)
              (setq person-offered (all-completions "" things))
              (nth person-choice person-offered)))

(defun person-was-told (part)
  "Whether a message has PART in it."
  (cl-some (lambda (words) (string-search part words)) person-told))

(defun person-waits (what is-so)
  "Wait until WHAT, which the function IS-SO tells."
  (with-timeout (person--deadline (error "Waited in vain until %s" what))
    (while (not (funcall is-so))
      (accept-process-output nil 0.01))))

(defun person-hears (part)
  "Wait for a message with PART in it."
  (person-waits (concat "the user was told: " part) (lambda () (person-was-told part))))

(defun person-forgets ()
  "Forget what there was so far."
  (setq person-told nil
        person-asked nil
        person-offered nil))

(defun person--looks (&rest words)
  "What the database says, asked with WORDS."
  (with-temp-buffer
    (let ((code (apply #'call-process (getenv "TRIED_PYTHON") nil t nil
                       (getenv "TRIED_LOOKING") (getenv "TRIED_DATABASE") words)))
      (unless (eql 0 code)
        (error "%s" (buffer-string))))
    (string-trim (buffer-string))))

(defun person-content ()
  "The tag of the database's content."
  (person--looks))

(defun person-changes-content (tag)
  "Somebody gives the database's content another TAG."
  (person--looks tag))

(provide 'person)
;;; person.el ends here
