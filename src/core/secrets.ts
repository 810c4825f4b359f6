/**
 * Options, as people write them, made fit to be shown: what may be a secret by its name, or stands where passwords stand in a URL, is left
 * out. A reference such as `${env:TOKEN}` names a secret and is none.
 */

import { isPlainObject } from "./option-reader.ts";
import { isSecretName, redactedText } from "./redact.ts";

const onlyReference = /^(?:[A-Za-z]+ )?\$\{env:[A-Za-z_][A-Za-z0-9_]*\}$/;
const userInfo = /([a-z][a-z0-9+.-]*:\/\/)([^\s/?#@:]*):([^\s/?#@]+)@/gi;
const parameter = /([?&])([^=&#\s]+)=([^&#\s]+)/g;
const argument = /(--?[A-Za-z][\w-]*|\b[A-Za-z_]\w*)=("[^"]*"|'[^']*'|\S+)/g;
const separateArgument = /(--[A-Za-z][\w-]*)(\s+)("[^"]*"|'[^']*'|[^\s-]\S*)/g;

/** `value`, plain data under `name`, without what may be a secret in it. */
export function redacted(value: unknown, name = ""): unknown {
  if (isSecretName(name) && value !== undefined && value !== null) {
    return typeof value === "string" && onlyReference.test(value) ? value : redactedText;
  }
  if (typeof value === "string") return redactedInText(value);
  if (Array.isArray(value)) return redactedArguments(value);
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, redacted(member, key)]));
}

/** A list of arguments: one that follows the name of a secret is one. */
function redactedArguments(values: readonly unknown[]): unknown[] {
  return values.map((value, at) => {
    const before: unknown = values[at - 1];
    const isNamed = typeof before === "string" && /^--?[A-Za-z][\w-]*$/.test(before) && isSecretName(before);
    return redacted(value, isNamed && typeof value === "string" && !value.startsWith("-") ? before : "");
  });
}

function redactedInText(text: string): string {
  const keep = (whole: string, name: string, secret: string, shown: string): string =>
    isSecretName(name) && !onlyReference.test(secret) ? shown : whole;
  return text
    .replace(userInfo, `$1$2:${redactedText}@`)
    .replace(parameter, (whole, sign: string, name: string, secret: string) =>
      keep(whole, name, secret, `${sign}${name}=${redactedText}`),
    )
    .replace(argument, (whole, name: string, secret: string) => keep(whole, name, secret, `${name}=${redactedText}`))
    .replace(separateArgument, (whole, name: string, space: string, secret: string) =>
      keep(whole, name, secret, `${name}${space}${redactedText}`),
    );
}
