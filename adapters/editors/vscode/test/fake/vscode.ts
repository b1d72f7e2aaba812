// The editor, for tests without one: what the extension uses of it, and a person who answers what it asks.
// A test reads `editor` to see what is shown, and sets how the person answers.

type Listener<T> = (value: T) => unknown;

export class EventEmitter<T> {
  #listeners = new Set<Listener<T>>();
  readonly event = (listener: Listener<T>) => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };
  fire = (value: T) => {
    for (const listener of [...this.#listeners]) listener(value);
  };
}

export class ThemeIcon {
  constructor(
    readonly id: string,
    readonly color?: ThemeColor,
  ) {}
}

export class ThemeColor {
  constructor(readonly id: string) {}
}

export class TreeItem {
  id?: string;
  description?: string;
  contextValue?: string;
  tooltip?: string;
  iconPath?: ThemeIcon;
  constructor(readonly label: string) {}
}

export const ProgressLocation = { Window: 10, Notification: 15 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const ConfigurationTarget = { Global: 1 };

interface Message {
  kind: "information" | "warning" | "error";
  text: string;
  detail?: string;
  modal: boolean;
  words: string[];
}

/** A progress that is, or was, shown; `end` tells when it went. */
export interface Shown {
  location: number;
  title: string;
  cancellable: boolean;
  reports: { message?: string; increment?: number }[];
  cancel: () => void;
  over: boolean;
}

interface Tree {
  onDidChangeTreeData(listener: () => void): unknown;
  getChildren(): object[];
  getTreeItem(one: object): TreeItem;
}

/** Everything a person would see, and how they answer. */
export const editor = {
  settings: {} as Record<string, unknown>,
  messages: [] as Message[],
  shown: [] as Shown[],
  logged: [] as string[],
  views: new Map<string, Tree>(),
  context: new Map<string, unknown>(),
  statusBar: { text: "", tooltip: "", visible: false },
  folder: undefined as string | undefined,
  python: undefined as string | undefined,
  /** Which word the person chooses; none closes the message. */
  answer: (_message: Message): string | undefined | Promise<string | undefined> => undefined,
  /** Which item the person picks. */
  pick: (_items: { label: string }[]): object | undefined => undefined,
  openFile: undefined as string | undefined,
  /** Look at each change of what is shown. */
  watch: (look: () => void) => void changes.event(look),
  async set(values: Record<string, unknown>): Promise<void> {
    Object.assign(editor.settings, values);
    configured.fire({ affectsConfiguration: (section) => section === "reprieve" });
  },
  items: (view: string): TreeItem[] => {
    const tree = editor.views.get(view)!;
    return tree.getChildren().map((one) => tree.getTreeItem(one));
  },
};

const changes = new EventEmitter<void>();
const configured = new EventEmitter<{ affectsConfiguration(section: string): boolean }>();
const registered = new Map<string, (...args: unknown[]) => unknown>();

async function say(kind: Message["kind"], text: string, rest: unknown[]): Promise<string | undefined> {
  const options = typeof rest[0] === "object" ? (rest.shift() as { modal?: boolean; detail?: string }) : {};
  const message: Message = { kind, text, modal: false, words: rest as string[], ...options };
  editor.messages.push(message);
  changes.fire();
  return editor.answer(message);
}

function appear(visible: boolean): void {
  editor.statusBar.visible = visible;
  changes.fire();
}

export const window = {
  showInformationMessage: (text: string, ...rest: unknown[]) => say("information", text, rest),
  showWarningMessage: (text: string, ...rest: unknown[]) => say("warning", text, rest),
  showErrorMessage: (text: string, ...rest: unknown[]) => say("error", text, rest),
  showQuickPick: async (items: { label: string }[]) => editor.pick(items),
  showOpenDialog: async () => (editor.openFile === undefined ? undefined : [{ fsPath: editor.openFile }]),
  createOutputChannel: () => ({
    info: (line: string) => editor.logged.push(line),
    show: () => undefined,
    dispose: () => undefined,
  }),
  createStatusBarItem: () =>
    Object.assign(editor.statusBar, {
      show: () => appear(true),
      hide: () => appear(false),
      dispose: () => undefined,
    }),
  registerTreeDataProvider: (view: string, tree: Tree) => {
    editor.views.set(view, tree);
    tree.onDidChangeTreeData(() => changes.fire());
    return { dispose: () => undefined };
  },
  async withProgress<Result>(
    options: { location: number; title: string; cancellable: boolean },
    task: (progress: object, token: object) => Promise<Result>,
  ): Promise<Result> {
    const cancelled = new EventEmitter<void>();
    const shown: Shown = { ...options, reports: [], cancel: () => cancelled.fire(), over: false };
    editor.shown.push(shown);
    const report = (value: Shown["reports"][number]) => {
      shown.reports.push(value);
      changes.fire();
    };
    try {
      return await task({ report }, { onCancellationRequested: cancelled.event });
    } finally {
      shown.over = true;
      changes.fire();
    }
  },
};

export const commands = {
  registerCommand: (name: string, deed: (...args: unknown[]) => unknown) => {
    registered.set(name, deed);
    return { dispose: () => registered.delete(name) };
  },
  executeCommand: async (name: string, ...args: unknown[]) => {
    if (name === "setContext") return void editor.context.set(args[0] as string, args[1]);
    const deed = registered.get(name);
    if (!deed) return void editor.logged.push(name);
    return deed(...args);
  },
};

export const workspace = {
  isTrusted: true,
  get workspaceFolders() {
    return editor.folder === undefined ? undefined : [{ uri: { fsPath: editor.folder } }];
  },
  onDidChangeConfiguration: configured.event,
  getConfiguration: (section: string) => ({
    get: (name: string) => editor.settings[`${section}.${name}`],
    update: (name: string, value: unknown) => editor.set({ [`${section}.${name}`]: value }),
  }),
};

export const extensions = {
  getExtension: (id: string) => {
    if (id !== "ms-python.python" || editor.python === undefined) return undefined;
    const executable = { uri: { fsPath: editor.python } };
    const environments = {
      getActiveEnvironmentPath: () => ({ path: "selected" }),
      resolveEnvironment: async () => ({ executable }),
    };
    return { activate: async () => ({ environments }) };
  },
};
