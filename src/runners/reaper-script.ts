/**
 * What the reaper executes: a POSIX shell that remembers process groups while its owner lives, and ends them when
 * its input does, which happens however the owner ends.
 *
 * Lines: `? <mark>` a process that carries this mark is about to be started; `! <mark>` it was not; `+ <pgid> [<mark>]`
 * it was, as leader of this group; `- <pgid>` the group is over.
 */

/** The variable that carries the mark of a process. */
export const markVariable = "KRON_SPAWN_MARK";

/**
 * The script; its only argument is the grace in tenths of a second.
 *
 * An owner that is killed between the start of a process and its `+` leaves a mark behind. The end of file comes only
 * when the started process has been replaced by its program, as until then it holds a copy of the pipe too; so where
 * there is a `/proc`, the mark is found in its environment. The second look is for a kernel caught in the middle.
 */
export const reaperScript = `
trap '' HUP INT QUIT TERM PIPE
groups=' '
marks=' '
without() {
  case $1 in
    *" $2 "*) rest="\${1%%" $2 "*} \${1#*" $2 "}" ;;
    *) rest=$1 ;;
  esac
}
seek() {
  for mark in $marks; do
    for environ in /proc/[0-9]*/environ; do
      grep -q "${markVariable}=$mark" "$environ" 2>/dev/null || continue
      pid=\${environ#/proc/}
      groups="$groups\${pid%/environ} "
    done
  done
}
send() {
  for group in $groups; do
    kill -s "$1" -- "-$group" 2>/dev/null
  done
}
nap() {
  if sleep 0.1 2>/dev/null; then
    rounds=$((rounds - 1))
  else
    sleep 1
    rounds=$((rounds - 10))
  fi
}
while read -r verb value mark; do
  case $verb in
    '?') marks="$marks$value " ;;
    '!') without "$marks" "$value"; marks=$rest ;;
    '+')
      groups="$groups$value "
      if [ -n "$mark" ]; then without "$marks" "$mark"; marks=$rest; fi
      ;;
    '-') without "$groups" "$value"; groups=$rest ;;
  esac
done
rounds=$1
if [ "$marks" != ' ' ]; then seek; nap; seek; fi
send TERM
while :; do
  left=' '
  for group in $groups; do
    if kill -s 0 -- "-$group" 2>/dev/null; then left="$left$group "; fi
  done
  groups=$left
  if [ "$groups" = ' ' ]; then exit 0; fi
  if [ "$rounds" -le 0 ]; then break; fi
  nap
done
send KILL
`;
