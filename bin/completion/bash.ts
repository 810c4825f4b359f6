/**
 * The script for bash, 3.2 and later. It takes the line apart by itself, as bash breaks words at `:` and `=` and leaves
 * quotes in them, and quotes what it offers as the word is quoted that is being typed.
 */

import type { CommandModel } from "./model.ts";
import { shellTables } from "./tables.ts";
import { shellWalk } from "./walk.ts";

/** The whole script. */
export function bashScript(models: readonly CommandModel[]): string {
  return `# bash completion of kron. To use it: source <(kron completion bash)\n\n${shellTables(models, ({ name }) => name)}\n${shellWalk}\n${script}`;
}

const script = `# Takes the line apart: whole words in KRON_WORDS, the one that is typed in KRON_CUR, the quote that is open in it in
# KRON_QUOTE, and what of it stands before the part that bash replaces in KRON_HEAD.
__kron_split() {
  local line=$1 quote= char next word= head= in_word= at
  KRON_WORDS=()
  for ((at = 0; at < \${#line}; at++)); do
    char=\${line:at:1}
    next=\${line:at+1:1}
    if [ "$quote" = "'" ]; then
      if [ "$char" = "'" ]; then quote=; else word+=$char; fi
    elif [ "$quote" = '"' ]; then
      case "$char" in
        '"') quote= ;;
        \\\\) case "$next" in [\\\\\\"\\$\\\`]) word+=$next; at=$((at + 1)) ;; *) word+=$char ;; esac ;;
        *) word+=$char ;;
      esac
    else
      case "$char" in
        [[:space:]]) [ -n "$in_word" ] && KRON_WORDS+=("$word"); word= head= in_word=; continue ;;
        "'" | '"') quote=$char; head=$word ;;
        \\\\) word+=$next; at=$((at + 1)) ;;
        *)
          word+=$char
          case "$COMP_WORDBREAKS" in *"$char"*) head=$word ;; esac
          ;;
      esac
    fi
    in_word=1
  done
  KRON_CUR=$word KRON_QUOTE=$quote KRON_HEAD=$head
}

# Offers the words that begin as the one that is typed; $1 stands before each of them and has been typed already.
__kron_offer() {
  local before=$1 word reply
  shift
  for word in "$@"; do
    word=$before$word
    case "$word" in "$KRON_CUR"*) ;; *) continue ;; esac
    reply=\${word#"$KRON_HEAD"}
    case "$KRON_QUOTE" in
      "'") reply=\${reply//\\'/\\'\\\\\\'\\'} ;;
      '"') reply=\${reply//\\\\/\\\\\\\\}; reply=\${reply//\\"/\\\\\\"}; reply=\${reply//\\$/\\\\\\$}; reply=\${reply//\\\`/\\\\\\\`} ;;
      *) printf -v reply %q "$reply"; reply=\${reply//\\\\,/,} ;;
    esac
    COMPREPLY+=("$reply")
  done
}

# Offers what a value may be: $1 is its kind, then come its words; KRON_BEFORE stands before it in the same word.
__kron_offer_value() {
  local kind=$1 typed=\${KRON_CUR#"$KRON_BEFORE"} before=$KRON_BEFORE line found
  shift
  case "$kind" in
    words) __kron_offer "$before" "$@" ;;
    list)
      case "$typed" in *,*) before=$before\${typed%,*}, ;; esac
      __kron_offer "$before" "$@"
      compopt -o nospace 2>/dev/null
      ;;
    files | directories)
      compopt -o filenames 2>/dev/null
      found=-f
      [ "$kind" = directories ] && found=-d
      while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen "$found" -- "$typed")
      ;;
    timers | runs | logs | zones)
      local words=()
      while IFS=$'\\t' read -r line _; do words+=("$line"); done < <(__kron_ask "$kind" "$typed")
      [ \${#words[@]} -gt 0 ] && __kron_offer "$before" "\${words[@]}"
      ;;
  esac
}

_kron() {
  local REPLY KRON_WORDS KRON_CUR KRON_QUOTE KRON_HEAD KRON_BEFORE= KRON_PATH KRON_COUNT KRON_FIRST KRON_DIR KRON_REST
  local KRON_COMMAND previous=
  COMPREPLY=()
  __kron_split "\${COMP_LINE:0:COMP_POINT}"
  [ \${#KRON_WORDS[@]} -gt 0 ] || return 0
  KRON_COMMAND=\${KRON_WORDS[0]}
  __kron_walk "\${KRON_WORDS[@]}"
  if [ -n "$KRON_REST" ]; then
    __kron_offer_value files
    return 0
  fi
  [ \${#KRON_WORDS[@]} -gt 1 ] && previous=\${KRON_WORDS[\${#KRON_WORDS[@]}-1]}
  if [ -n "$previous" ] && __kron_takes_value "$previous"; then
    __kron_value "$KRON_PATH $previous"
    [ \${#REPLY[@]} -gt 0 ] && __kron_offer_value "\${REPLY[@]}"
    return 0
  fi
  case "$KRON_CUR" in
    --*=*)
      KRON_BEFORE=\${KRON_CUR%%=*}=
      __kron_value "$KRON_PATH \${KRON_CUR%%=*}"
      [ \${#REPLY[@]} -gt 0 ] && __kron_offer_value "\${REPLY[@]}"
      return 0
      ;;
    -*)
      __kron_options "$KRON_PATH"
      __kron_offer '' "\${REPLY[@]}"
      return 0
      ;;
  esac
  if [ "$KRON_COUNT" -eq 0 ]; then
    __kron_commands "$KRON_PATH"
    [ \${#REPLY[@]} -gt 0 ] && __kron_offer '' "\${REPLY[@]}"
  fi
  __kron_argument "$KRON_PATH $KRON_COUNT"
  [ \${#REPLY[@]} -gt 0 ] && __kron_offer_value "\${REPLY[@]}"
  return 0
}

complete -F _kron kron
`;
