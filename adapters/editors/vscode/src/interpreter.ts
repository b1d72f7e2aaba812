// The Python that is selected in the editor, if the Python extension is there to tell.

import * as vscode from "vscode";

interface PythonExtension {
  environments: {
    getActiveEnvironmentPath(): { path: string };
    resolveEnvironment(environment: {
      path: string;
    }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
  };
}

/** Its path. A workspace that is not trusted must not say what is run. */
export async function selectedInterpreter(): Promise<string | undefined> {
  const extension = vscode.extensions.getExtension<PythonExtension>("ms-python.python");
  if (!extension || !vscode.workspace.isTrusted) return undefined;
  const { environments } = await extension.activate();
  const environment = await environments.resolveEnvironment(environments.getActiveEnvironmentPath());
  return environment?.executable.uri?.fsPath;
}
