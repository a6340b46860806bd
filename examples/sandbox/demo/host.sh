# The machine of the demo, for bash. What would reach beyond its own folder is a function here that only says what the real
# one would: no password is read, no service stopped, no network asked. The prompt comes last: nothing is typed before it.
umask 022
cd "$HOME" || exit 1
HISTFILE="$HOME/.bash_history"

sudo() { "$@"; }
cat() {
    case "$*" in
    *shadow*) echo 'root:$6$demo$not-a-hash:20000:0:99999:7:::' ;;
    *) command cat "$@" ;;
    esac
}
systemctl() {
    case "$1" in
    status) printf '* %s.service\n     Active: active (running) since Mon 2026-11-23 06:12:44 UTC\n   Main PID: 812 (%s)\n' "$2" "$2" ;;
    stop) echo "Warning: Stopping $2.service, but it can still be activated by: $2.socket" ;;
    *) : ;;
    esac
}
journalctl() {
    printf 'Nov 23 06:1%d:02 edge1 app[812]: %s\n' 0 'started' 1 'queue connected' 2 'ready' 3 'first request after 41 s'
}
curl() {
    echo "curl: (28) Connection timed out after 1001 milliseconds" >&2
    return 28
}
iptables() { :; }
crontab() { command cat >/dev/null; }
psql() {
    case "$*" in
    *count*) printf ' count\n-------\n 48213\n(1 row)\n\n' ;;
    *explain*) printf '                        QUERY PLAN\n-----------------------------------------------------------\n Seq Scan on orders  (cost=0.00..935.13 rows=48213 width=97)\n(1 row)\n\n' ;;
    *) echo 'ok' ;;
    esac
}
PS1='[ops \W \#]$ '
