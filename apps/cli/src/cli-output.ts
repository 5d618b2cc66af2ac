// The seam between commands and the terminal.

/** Where the command line writes; replaced in tests. */
export interface CliOutput {
  readonly out: (text: string) => void;
  readonly error: (text: string) => void;
}
