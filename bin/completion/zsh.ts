/** The script for zsh 5 and later, which quotes what it is given by itself. */

import type { CommandModel } from "./model.ts";
import { shellTables } from "./tables.ts";
import { shellWalk } from "./walk.ts";

/** The whole script: to be sourced, or to be put into a file `_kron` on the `fpath`. */
export function zshScript(models: readonly CommandModel[]): string {
  const described = ({ name, description }: { readonly name: string; readonly description: string }): string =>
    `${name.replaceAll(":", "\\:")}:${description}`;
  return `#compdef kron\n# zsh completion of kron. To use it: source <(kron completion zsh)\n\n${shellTables(models, described)}\n${shellWalk}\n${script}`;
}

const script = `# Offers what a value may be: $1 is its kind, then come its words.
__kron_offer_value() {
  local kind=$1 line
  local -a found shown
  shift
  case "$kind" in
    words) compadd -- "$@" ;;
    list) compset -P '*,'; compadd -S '' -- "$@" ;;
    files) _files ;;
    directories) _files -/ ;;
    timers|runs|logs|zones)
      while IFS= read -r line; do
        found+=("\${line%%$'\\t'*}")
        shown+=("\${line//$'\\t'/  -- }")
      done < <(__kron_ask "$kind" "\${(Q)PREFIX}")
      (( \${#found} )) && compadd -l -d shown -a found
      ;;
  esac
}

_kron() {
  local KRON_PATH KRON_COUNT KRON_FIRST KRON_DIR KRON_REST KRON_COMMAND previous=
  local -a REPLY typed
  typed=("\${(@Q)words[1,CURRENT-1]}")
  KRON_COMMAND=\${typed[1]}
  __kron_walk "\${typed[@]}"
  if [[ -n $KRON_REST ]]; then
    _files
    return
  fi
  (( CURRENT > 2 )) && previous=\${typed[-1]}
  if [[ -n $previous ]] && __kron_takes_value "$previous"; then
    __kron_value "$KRON_PATH $previous"
    (( \${#REPLY} )) && __kron_offer_value "\${REPLY[@]}"
    return
  fi
  case "$PREFIX" in
    --*=*)
      local name=\${PREFIX%%=*}
      compset -P '*='
      __kron_value "$KRON_PATH $name"
      (( \${#REPLY} )) && __kron_offer_value "\${REPLY[@]}"
      return
      ;;
    -*)
      __kron_options "$KRON_PATH"
      _describe -o option REPLY
      return
      ;;
  esac
  if (( KRON_COUNT == 0 )); then
    __kron_commands "$KRON_PATH"
    (( \${#REPLY} )) && _describe command REPLY
  fi
  __kron_argument "$KRON_PATH $KRON_COUNT"
  (( \${#REPLY} )) && __kron_offer_value "\${REPLY[@]}"
}

if [ "$funcstack[1]" = _kron ]; then _kron "$@"; else compdef _kron kron; fi
`;
