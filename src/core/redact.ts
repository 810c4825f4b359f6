/**
 * What of a definition is shown to people and other programs: all but the secrets that a target may hold. Whoever
 * executes it reads the definition itself.
 */

import type { TimerDefinition } from "./definition.ts";
import { copyPayload } from "./payload-copy.ts";
import type { CommandTarget, HttpTarget, TargetSpec } from "./target.ts";

/** What stands where a secret was. */
export const redactedText = "[redacted]";

const secretName =
  /secret|token|passw(?:or)?d|passphrase|pwd|(?:^|[^a-z])keys?(?:$|[^a-z])|(?:api|private|access|signing|encryption|master)[_-]?key|credential|authori[sz]ation|auth$|cookie|session|signature|\bdsn\b|_dsn$/i;

/** Whether the value of a header, a variable, an option or a parameter of this name is taken for a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(name);
}

/**
 * The definition without secrets: values of headers and variables whose names say that they are secret, and user names,
 * passwords and such parameters in URLs, are `[redacted]`. One that cannot hold any is given back as it is.
 */
export function redactDefinition(definition: TimerDefinition): TimerDefinition {
  const target = redactTarget(definition.target);
  return target === definition.target ? definition : { ...definition, target };
}

/** The target without secrets, see `redactDefinition`. */
export function redactTarget(target: TargetSpec): TargetSpec {
  return mapTexts(target, (text, place, isSecret) => {
    if (isSecret) return text === "" ? "" : redactedText;
    return place === "http.url" ? withoutSecretParameters(withoutUser(text)) : withoutUser(text);
  });
}

/** Where `[redacted]` stands in a target: `env.TOKEN`, `http.headers.authorization`, `command[2]`, `http.url`. */
export function redactedPlaces(target: TargetSpec): string[] {
  const places: string[] = [];
  mapTexts(target, (text, place) => {
    if (text.includes(redactedText)) places.push(place);
    return text;
  });
  return places;
}

/** Gives a text of a target for another; `isSecret` when its name says that it is. */
type Change = (text: string, place: string, isSecret: boolean) => string;

function mapTexts(target: TargetSpec, change: Change): TargetSpec {
  if (target.kind === "command") return mapCommand(target, change);
  return target.kind === "http" ? mapRequest(target, change) : target;
}

function mapCommand(target: CommandTarget, change: Change): CommandTarget {
  const { argv, env, shell } = target;
  const variables = Object.entries(env);
  return Object.freeze({
    ...target,
    argv: Object.freeze(argv.map((text, index) => change(text, shell ? "command" : `command[${index}]`, false))),
    env: Object.freeze(
      Object.fromEntries(variables.map(([name, text]) => [name, change(text, `env.${name}`, isSecretName(name))])),
    ),
  });
}

function mapRequest(target: HttpTarget, change: Change): HttpTarget {
  const { url, headers, body, success } = target;
  return Object.freeze({
    ...target,
    url: change(url, "http.url", false),
    headers: headers.map(([name, text]) => {
      const isSecret = isSecretName(name);
      return Object.freeze([name, change(text, `http.headers.${name}`, isSecret)] as const);
    }),
    body: copyPayload(body),
    success: success.map(([from, to]) => [from, to] as const),
  });
}

/** Lengths are limited so that the work stays in proportion to the text. */
function withoutUser(text: string): string {
  return text.replace(/\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#]{1,4096}@/gi, `$1${redactedText}@`);
}

function withoutSecretParameters(url: string): string {
  return url.replace(/([?&])([^=&#]*)=([^&#]+)/g, (whole, mark: string, name: string) =>
    isSecretName(name) ? `${mark}${name}=${redactedText}` : whole,
  );
}
