;;; reprieve-finder.el --- The options, and the bridge's program  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: MIT

;;; Commentary:

;; What the user has set, and the command line that follows from it: which
;; program is the bridge is decided by the first of five places that has one.
;; Starts no bridge.

;;; Code:

(require 'reprieve-words)
(require 'seq)
(require 'subr-x)

(defgroup reprieve nil
  "Backups and restorations of live SQLite databases."
  :group 'external
  :prefix "reprieve-")

(defcustom reprieve-database nil
  "The database to look after: a file, or the URL of a service."
  :type '(choice (const :tag "None" nil) file (string :tag "URL")))

(defcustom reprieve-store nil
  "The folder or URL where its backups are kept; nil where reprieve knows."
  :type '(choice (const :tag "As reprieve knows" nil) directory (string :tag "URL")))

(defcustom reprieve-bridge-command nil
  "The program `reprieve', or a list of it and its first arguments.
Where it is nil, the environment variable REPRIEVE_BRIDGE, a
folder bin/ beside this file, the selected Python interpreter and
variable `exec-path' are tried in this order."
  :type '(choice (const :tag "Find it" nil) file (repeat :tag "Command" string)))

(defconst reprieve-finder--folder
  (file-name-directory (or load-file-name buffer-file-name default-directory))
  "Where this file is.")

(defconst reprieve-finder--has-reprieve
  "import importlib.util as u, sys; sys.exit(u.find_spec('reprieve') is None)"
  "What a Python interpreter runs to tell whether reprieve is installed in it.")

(defun reprieve-finder--program (name)
  "The path of the program NAME: itself, or what variable `exec-path' has.
The current folder is not looked at, though variable `exec-path'
may say so: what lies in it is not the user's choice."
  (cond ((file-name-absolute-p name)
         (let ((path (expand-file-name name)))
           (and (file-regular-p path) (file-executable-p path) path)))
        ((file-name-directory name) nil)
        (t (let ((folders (seq-filter (lambda (folder)
                                        (and folder (file-name-absolute-p folder)))
                                      exec-path)))
             ;; Where there are none, `locate-file' would look in the current folder.
             (and folders
                  (locate-file name folders exec-suffixes #'file-executable-p))))))

(defun reprieve-finder--named (command by)
  "COMMAND, which BY names: it is used, or it is an error, but never passed over."
  (let ((program (reprieve-finder--program (car command))))
    (unless program
      (user-error "%s names %s, which is no program" by (car command)))
    (cons program (cdr command))))

(defun reprieve-finder--by-option ()
  "The command that the option names."
  (when reprieve-bridge-command
    (reprieve-finder--named (if (listp reprieve-bridge-command)
                                reprieve-bridge-command
                              (list reprieve-bridge-command))
                            "The option `reprieve-bridge-command'")))

(defun reprieve-finder--by-environment ()
  "The command that the environment names."
  (let ((program (getenv "REPRIEVE_BRIDGE")))
    (unless (member program '(nil ""))
      (reprieve-finder--named (list program) "The environment variable REPRIEVE_BRIDGE"))))

(defun reprieve-finder--bundled ()
  "The command that came with this package."
  (let* ((name (if (eq system-type 'windows-nt) "bin/reprieve.exe" "bin/reprieve"))
         (program (expand-file-name name reprieve-finder--folder)))
    (and (reprieve-finder--program program) (list program))))

(defun reprieve-finder--of-interpreter ()
  "The command of the selected interpreter, if reprieve is installed in it."
  (let* ((environment (or (bound-and-true-p python-shell-virtualenv-root)
                          (getenv "VIRTUAL_ENV")))
         (name (if (eq system-type 'windows-nt) "Scripts/python.exe" "bin/python"))
         (python (reprieve-finder--program
                  (or (and environment (expand-file-name name environment))
                      (bound-and-true-p python-shell-interpreter)
                      "python3"))))
    ;; -P: a folder `reprieve' in the working directory must not be run.
    (and python
         (eql 0 (call-process python nil nil nil "-P" "-c" reprieve-finder--has-reprieve))
         (list python "-P" "-m" "reprieve"))))

(defun reprieve-finder--on-path ()
  "The command that variable `exec-path' has."
  (when-let ((program (reprieve-finder--program "reprieve")))
    (list program)))

(defun reprieve-finder-find ()
  "The command that starts reprieve: the first that one of five places has."
  (or (reprieve-finder--by-option)
      (reprieve-finder--by-environment)
      (reprieve-finder--bundled)
      (reprieve-finder--of-interpreter)
      (reprieve-finder--on-path)
      (user-error
       (concat "No `reprieve' was found: install it (pip install reprieve), "
               "or set `reprieve-bridge-command'"))))

(defun reprieve-finder--whole (name)
  "NAME as the bridge is told it: an absolute file name, or the URL that it is."
  (if (reprieve-words-url-p name) name (expand-file-name name)))

(defun reprieve-finder-command-line ()
  "The words that start the bridge."
  (unless reprieve-database
    (user-error "No database is set: customize `reprieve-database'"))
  `(,@(reprieve-finder-find)
    "bridge" "--stdio" ,(reprieve-finder--whole reprieve-database)
    ,@(and reprieve-store (list "--store" (reprieve-finder--whole reprieve-store)))))

(provide 'reprieve-finder)
;;; reprieve-finder.el ends here
