;;; cases.el --- What the package for Emacs promises  -*- lexical-binding: t; -*-

;;; Commentary:

;; Each promise kept before the real bridge and a database in use.  One case is run in one Emacs.

;;; Code:

(require 'ert)

(defconst cases--package (expand-file-name "emacs" (getenv "TRIED_PLUGINS"))
  "The folder of the package.")

(add-to-list 'load-path cases--package)
(add-to-list 'load-path (file-name-directory load-file-name))
(require 'person)
(require 'reprieve)
(require 'reprieve-list)

(setq reprieve-database (getenv "TRIED_DATABASE"))

(defconst cases--commands
  '(reprieve-backup reprieve-restore reprieve-cancel reprieve-revert reprieve-list)
  "What there is to be called.")

(defun cases--back-up ()
  "Make a backup."
  (reprieve-backup)
  (person-hears "Backed up snippets.db")
  (person-forgets))

(defun cases--lines ()
  "How many backups are listed."
  (with-current-buffer "*reprieve*"
    (count-lines (point-min) (point-max))))

(defun cases--process ()
  "The process of the bridge."
  (and reprieve-bridge--connection (jsonrpc--process reprieve-bridge--connection)))

(defun cases--kill-the-bridge ()
  "Kill the bridge, and wait until another, or none, has taken its place."
  (let ((killed (cases--process)))
    (signal-process killed 'SIGKILL)
    (person-waits "the bridge was gone" (lambda () (not (eq killed (cases--process)))))))

(defun cases--sees-progress ()
  "Wait until some progress is shown."
  (person-waits "there is progress"
                (lambda () (cl-some #'reprieve-jobs--started-reporter reprieve-jobs--all))))

(ert-deftest backs-up-and-lists-it ()
  (cases--back-up)
  (reprieve-list)
  (should (eql 1 (cases--lines)))
  (with-current-buffer "*reprieve*"
    (call-interactively (key-binding "b")))
  (person-waits "the list follows" (lambda () (eql 2 (cases--lines))))
  (with-current-buffer "*reprieve*"
    (goto-char (point-min))
    (should (string-match-p "MiB 0[^ ]+Z ~/snippets\\.db$" (thing-at-point 'line)))
    (should (string-match-p "_[0-9]\\{8\\}T[0-9]\\{9\\}Z\\'" (tabulated-list-get-id)))
    (should-not mode-line-process)))

(ert-deftest shows-progress-until-the-job-is-over ()
  (reprieve-backup)
  (person-hears "Backed up snippets.db")
  (should (person-was-told "Backing up snippets.db... done"))
  (should-not reprieve-jobs--all))

(ert-deftest restores-what-is-chosen-newest-first-and-reverts-it ()
  (cases--back-up)
  (person-changes-content "1")
  (cases--back-up)
  (setq person-agrees t
        person-choice 1)
  (call-interactively #'reprieve-restore)
  (person-hears "Restored snippets.db")
  (should (equal "0" (person-content)))
  (should (eql 2 (length person-offered)))
  (should (string-greaterp (car person-offered) (cadr person-offered)))
  (should (string-search "is replaced by its backup of" (car person-asked)))
  (call-interactively #'reprieve-revert)
  (person-hears "Reverted snippets.db")
  (should (equal "1" (person-content)))
  (should (string-search "is replaced by what it held before" (car person-asked))))

(ert-deftest asks-once-more-when-somebody-has-written-meanwhile ()
  (cases--back-up)
  (setq person-agrees t
        person-meanwhile (lambda (question)
                           (when (eql 1 question)
                             (person-changes-content "1"))))
  (call-interactively #'reprieve-restore)
  (person-hears "Restored snippets.db")
  (should (equal "0" (person-content)))
  (should (eql 2 (length person-asked)))
  (should (string-prefix-p "It has changed meanwhile.  snippets.db" (car person-asked))))

(ert-deftest changes-nothing-that-is-not-agreed-to ()
  (cases--back-up)
  (person-changes-content "1")
  (call-interactively #'reprieve-restore)
  (should (eql 1 (length person-asked)))
  (should (seq-empty-p (plist-get (reprieve-bridge-call 'jobs/list '(:unsettled t)) :items)))
  (should (equal "1" (person-content))))

(ert-deftest cancels-a-restoration ()
  (cases--back-up)
  (person-changes-content "1")
  (setq person-agrees t)
  (call-interactively #'reprieve-restore)
  (cases--sees-progress)
  (reprieve-cancel)
  (person-hears "Restoring snippets.db was cancelled")
  (should (equal "1" (person-content)))
  (should-not reprieve-jobs--all))

(ert-deftest cancels-a-restoration-that-hangs-of-a-simulated-service ()
  (setq reprieve-database "offline:?backups=2&hang_at=0.4&speed=20"
        person-agrees t)
  (call-interactively #'reprieve-restore)
  (cases--sees-progress)
  (reprieve-cancel)
  (person-hears "was cancelled")
  (should (eql 2 (length person-offered)))
  (reprieve-cancel)
  (person-hears "No job is under way"))

(ert-deftest says-when-a-cancel-comes-too-late ()
  (setq reprieve-database "offline:?backups=1&complete_despite_cancel=true&speed=5"
        person-agrees t)
  (call-interactively #'reprieve-restore)
  (cases--sees-progress)
  (reprieve-cancel)
  (person-hears "The cancel came too late; the job has ended"))

(ert-deftest ends-its-bridge-as-it-should-be-ended ()
  (cases--back-up)
  (let ((process (cases--process)))
    (reprieve-bridge-stop)
    (should (equal '(exit . 0) (cons (process-status process) (process-exit-status process)))))
  (should-not (cases--process))
  (cases--back-up))

(ert-deftest takes-a-backup-up-again-when-the-bridge-is-killed ()
  (reprieve-backup)
  (cases--sees-progress)
  (cases--kill-the-bridge)
  (person-hears "Backed up snippets.db")
  (should-not reprieve-jobs--all)
  (should (eql 1 (length (reprieve-backups)))))

(ert-deftest asks-again-what-a-killed-bridge-has-not-answered ()
  (cases--back-up)
  (let (answered)
    (reprieve-bridge-ask 'backups/list nil (lambda (result) (setq answered result)))
    (cases--kill-the-bridge)
    (person-waits "there is an answer" (lambda () answered))
    (should (eql 1 (length (plist-get answered :items)))))
  (should-not (cl-remove-if-not (lambda (buffer) (string-search "reprieve-1" (buffer-name buffer)))
                                (buffer-list))))

(ert-deftest tells-how-a-restoration-ended-whose-bridge-was-killed ()
  (cases--back-up)
  (person-changes-content "1")
  (setq person-agrees t)
  (call-interactively #'reprieve-restore)
  (cases--sees-progress)
  (cases--kill-the-bridge)
  (person-waits "its end was told"
                (lambda () (or (person-was-told "Restored snippets.db")
                               (person-was-told "Restoring snippets.db failed"))))
  (should (equal (if (person-was-told "Restored snippets.db") "0" "1") (person-content))))

(ert-deftest says-so-when-the-bridge-dies-again-and-starts-one-for-the-next-command ()
  (cases--back-up)
  (cases--kill-the-bridge)
  (should (cases--process))
  (cases--kill-the-bridge)
  (person-hears "was started again, and ended again")
  (should-not (cases--process))
  (cases--back-up))

(ert-deftest says-what-to-do-when-there-is-no-bridge ()
  (setenv "REPRIEVE_BRIDGE" nil)
  (let ((exec-path nil))
    (should (string-search "was found: install it (pip install reprieve), or set"
                           (cadr (should-error (reprieve-backup) :type 'user-error))))))

(ert-deftest says-which-option-names-no-program ()
  (setq reprieve-bridge-command "/nowhere/reprieve")
  (should (string-search "names /nowhere/reprieve, which is no program"
                         (cadr (should-error (reprieve-backup) :type 'user-error)))))

(ert-deftest asks-for-a-database ()
  (setq reprieve-database nil)
  (should (string-search "No database is set" (cadr (should-error (reprieve-backup) :type 'user-error)))))

(ert-deftest says-why-a-database-cannot-be-opened ()
  (dolist (database '("nowhere:snippets" "/nowhere/snippets.db"))
    (setq reprieve-database database)
    (should (string-search "nowhere"
                           (cadr (should-error (reprieve-backup) :type 'user-error))))
    (person-waits "the bridge is gone" (lambda () (not (process-list))))))

(ert-deftest says-why-a-job-has-failed ()
  (setq reprieve-database "offline:?fail_at=0.3&fail=permanent&speed=20")
  (reprieve-backup)
  (person-hears "&speed=20 failed: ")
  (should-not reprieve-jobs--all))

(defun cases--meet-a-false-bridge (manner)
  "Ask a bridge of another protocol, which has this MANNER; what the user is told."
  (setq reprieve-bridge-command
        (list (getenv "TRIED_PYTHON") (getenv "TRIED_FALSE_BRIDGE") manner))
  (cadr (should-error (reprieve-backup) :type 'user-error)))

(ert-deftest parts-from-a-bridge-that-says-another-protocol ()
  (should (string-search "the bridge speaks protocol 2.1 and this package speaks 1"
                         (cases--meet-a-false-bridge "says")))
  (person-waits "it is gone" (lambda () (not (process-list)))))

(ert-deftest parts-from-a-bridge-that-refuses-another-protocol ()
  (should (string-search "the bridge speaks protocol 2.1 and this package speaks 1"
                         (cases--meet-a-false-bridge "refuses")))
  (person-waits "it is gone" (lambda () (not (process-list)))))

(defun cases--program (name)
  "A program called NAME in the test's folder."
  (let ((file (expand-file-name name (file-name-directory (getenv "TRIED_DATABASE")))))
    (make-directory (file-name-directory file) t)
    (write-region "#!/bin/sh\n" nil file)
    (set-file-modes file #o755)
    file))

(ert-deftest looks-for-the-bridge-in-five-places-in-order ()
  (setenv "REPRIEVE_BRIDGE" nil)
  (let* ((on-path (cases--program "path/reprieve"))
         (exec-path (list (file-name-directory on-path))))
    (should (equal (list on-path) (reprieve-finder-find)))
    (setenv "VIRTUAL_ENV" (file-name-directory
                           (directory-file-name (file-name-directory (getenv "TRIED_PYTHON")))))
    (should (equal (list (getenv "TRIED_PYTHON") "-P" "-m" "reprieve") (reprieve-finder-find)))
    (let ((reprieve-finder--folder (file-name-directory on-path)))
      (cases--program "path/bin/reprieve")
      (should (equal (list (cases--program "path/bin/reprieve")) (reprieve-finder-find))))
    (let ((named (cases--program "environment")))
      (setenv "REPRIEVE_BRIDGE" named)
      (should (equal (list named) (reprieve-finder-find))))
    (setq reprieve-bridge-command (list (cases--program "option") "word"))
    (should (equal reprieve-bridge-command (reprieve-finder-find)))))

(ert-deftest runs-nothing-of-the-folder-where-it-is ()
  (let* ((program (cases--program "clone/reprieve"))
         (default-directory (file-name-directory program))
         (mark (expand-file-name "../mark")))
    (dolist (name '("reprieve" "python3"))
      (cases--program (concat "clone/" name))
      (write-region (format "#!/bin/sh\ntouch %s\n" mark) nil name))
    (dolist (name '("reprieve" "importlib" "json" "token" "queue" "apsw"))
      (write-region (format "open(%S, 'w')" mark) nil (concat name ".py")))
    (setenv "REPRIEVE_BRIDGE" nil)
    (let ((exec-path '("." nil "")))
      (should-error (reprieve-finder-find) :type 'user-error)
      (dolist (named '("reprieve" "./reprieve"))
        (setenv "REPRIEVE_BRIDGE" named)
        (should-error (reprieve-finder-find) :type 'user-error)
        (setenv "REPRIEVE_BRIDGE" nil)
        (let ((reprieve-bridge-command named))
          (should-error (reprieve-finder-find) :type 'user-error)))
      (setenv "VIRTUAL_ENV" (file-name-directory
                             (directory-file-name (file-name-directory (getenv "TRIED_PYTHON")))))
      (let ((command (reprieve-finder-find)))
        (should (equal (list (getenv "TRIED_PYTHON") "-P" "-m" "reprieve") command))
        (should (eql 0 (apply #'call-process (car command) nil nil nil
                              (append (cdr command)
                                      (list "backup" (getenv "TRIED_DATABASE"))))))))
    (should-not (file-exists-p mark))))

(ert-deftest writes-sizes-and-moments-as-people-do ()
  (should (equal '("17 B" "1.5 KiB" "100.3 MiB")
                 (mapcar #'reprieve-words-size '(17 1536 105172173))))
  (let ((at (encode-time 5 30 12 1 7 2026)))
    (should (equal "2026-07-01 12:30:05"
                   (reprieve-words-moment (format-time-string "%Y-%m-%dT%H:%M:%S.123Z" at t)))))
  (should (string-suffix-p " (in the future)" (reprieve-words-made "2126-07-01T12:30:05Z")))
  (should-not (string-match-p "future" (reprieve-words-made "2020-07-01T12:30:05Z")))
  (let ((backup (list :created "2026-07-01T12:30:05.123Z" :bytes 1536 :id "7"
                      :database (getenv "TRIED_DATABASE"))))
    (should (string-suffix-p "1.5 KiB  7" (reprieve-words-backup backup)))
    (plist-put backup :database "/elsewhere/other.db")
    (should (string-suffix-p "  7  of /elsewhere/other.db" (reprieve-words-backup backup)))))

(ert-deftest compiles-without-a-warning-and-says-what-each-thing-is ()
  (require 'checkdoc)
  (let ((folder (file-name-directory (cases--program "package/made")))
        (checkdoc-verb-check-experimental-flag nil)
        (checkdoc-diagnostic-buffer "*checked*")
        (byte-compile-error-on-warn t))
    (dolist (file (directory-files cases--package t "\\.el\\'"))
      (let ((copy (expand-file-name (file-name-nondirectory file) folder)))
        (copy-file file copy)
        (should (byte-compile-file copy))
        (checkdoc-file copy)))
    (should-not (person-was-told "Warning"))))

(ert-deftest is-installed-as-a-package-and-loaded-by-its-first-command ()
  (require 'package)
  (let ((package-user-dir (file-name-directory (cases--program "elpa/nothing"))))
    (package-install-file cases--package)
    (should (package-installed-p 'reprieve))
    (let* ((folder (package-desc-dir (cadr (assq 'reprieve package-alist))))
           (loads (with-temp-buffer
                    (insert-file-contents (expand-file-name "reprieve-autoloads.el" folder))
                    (buffer-string))))
      (dolist (command cases--commands)
        (should (string-search (format "(autoload '%s \"reprieve\"" command) loads))))))

(ert-deftest does-what-its-page-says ()
  (let ((page (with-temp-buffer
                (insert-file-contents (expand-file-name "emacs.md" (getenv "TRIED_PAGES")))
                (buffer-string)))
        (start 0)
        (blocks 0))
    (while (string-match "`\\(?:M-x \\)?\\(reprieve-[a-z-]+\\)`" page start)
      (setq start (match-end 0))
      (let ((name (intern (match-string 1 page))))
        (should (or (commandp name) (custom-variable-p name)))))
    (dolist (command cases--commands)
      (should (string-search (format "`M-x %s`" command) page)))
    (setq start 0)
    (while (string-match "^```elisp\n\\([^`]+\\)```$" page start)
      (setq start (match-end 0)
            blocks (1+ blocks))
      (eval (read (format "(progn %s)" (match-string 1 page))) t))
    (should (eql 1 blocks))
    (should (string-suffix-p "state.vscdb" reprieve-database))
    (should (eq #'reprieve-backup (key-binding (kbd "C-c b"))))))

(provide 'cases)
;;; cases.el ends here
