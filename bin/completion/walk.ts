/**
 * How bash and zsh scripts read what has been typed so far: which command it has come to, how many arguments that has,
 * and what stands for the data directory.
 */

/** Defines `__kron_walk word …`, and `__kron_ask kind prefix`, which asks for ids and zones. */
export const shellWalk = `# From the words before the one that is typed: the command in KRON_PATH, the count of its arguments in KRON_COUNT, the
# first of them in KRON_FIRST, --data-dir in KRON_DIR, and in KRON_REST whether what follows is not for kron.
__kron_walk() {
  KRON_PATH=kron KRON_COUNT=0 KRON_FIRST= KRON_DIR= KRON_REST=
  local word flag= known
  shift
  for word in "$@"; do
    if [ -n "$flag" ]; then
      [ "$flag" = --data-dir ] && KRON_DIR=$word
      flag=
      continue
    fi
    case "$word" in
      --) KRON_REST=1; return ;;
      --data-dir=*) KRON_DIR=\${word#*=}; continue ;;
      --*=*) continue ;;
      -*) __kron_takes_value "$word" && flag=$word; continue ;;
    esac
    # What follows it is the path of a command.
    [ "$KRON_PATH $word" = 'kron help' ] && continue
    if [ "$KRON_COUNT" -eq 0 ]; then
      __kron_options "$KRON_PATH $word"
      known=\${#REPLY[@]}
      if [ "$known" -gt 0 ]; then
        KRON_PATH="$KRON_PATH $word"
        continue
      fi
      KRON_FIRST=$word
    fi
    KRON_COUNT=$((KRON_COUNT + 1))
  done
}

# Prints what there is of a kind that begins so, a line each; says nothing when that cannot be known.
__kron_ask() {
  local dir=\${KRON_DIR:-\${KRON_HOME:-.kron}}
  case "$dir" in "~"/*) dir=$HOME/\${dir#"~/"} ;; esac
  "$KRON_COMMAND" __complete "$1" --data-dir "$dir" --timer "$KRON_FIRST" -- "$2" 2>/dev/null
}
`;
