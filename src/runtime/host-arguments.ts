/** Which of Node's own arguments a process hands on to those that execute modules for it. */

/** The port of an inspector can be had by one process only, and code given on the command line is not for others. */
const notForHosts = /^--(inspect|debug|input-type|check|test|watch)|^-c$/;
/** These are followed by code, unless it stands behind an equals sign. */
const withCode = /^(--eval|--print|-e|-p|-pe)(=|$)/;

/** The arguments of `execArgv` that make sense for a process that runs another file. */
export function hostArguments(execArgv: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < execArgv.length; at++) {
    const argument = execArgv[at] as string;
    if (withCode.test(argument)) at += argument.includes("=") ? 0 : 1;
    else if (!notForHosts.test(argument)) kept.push(argument);
  }
  return kept;
}
