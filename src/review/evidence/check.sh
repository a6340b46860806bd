#!/bin/sh
# Checks all that is in this folder, with sha256sum, ssh-keygen, zstd, od, head, tail, cut and sed alone.
# Prints a line for each thing that was checked; ends with 0 where all of it is right, with 1 otherwise.
# It changes nothing, and talks to nobody.
set -u
cd "$(dirname "$0")" || exit 1
wrong=0

good() { printf 'good   %s\n' "$*"; }
bad() { wrong=1; printf 'WRONG  %s\n' "$*"; }
note() { printf 'note   %s\n' "$*"; }

# slice FILE FROM LENGTH
slice() { tail -c "+$(($2 + 1))" "$1" | head -c "$3"; }
# hex FILE FROM LENGTH
hex() { slice "$1" "$2" "$3" | od -An -v -tx1 | tr -d ' \n'; }
# number FILE FROM LENGTH: little-endian
number() {
    value=0 scale=1
    for byte in $(slice "$1" "$2" "$3" | od -An -v -tu1); do
        value=$((value + byte * scale)) scale=$((scale * 256))
    done
    echo "$value"
}
digest() { sha256sum | cut -c1-64; }
# key FILE NAME: the text behind the last such key
key() { sed -n "s/.*\"$2\":\"\([^\"]*\)\".*/\1/p" "$1"; }

# signed FILE SIGNATURE NAMESPACE ALLOWED TIME
signed() {
    if [ ! -f "$2" ]; then
        note "$1: not signed"
    elif [ -f "$4" ]; then
        at=$(key "$1" "$5" | sed 's/\..*//; s/[^0-9]//g')
        who=$(ssh-keygen -Y find-principals -s "$2" -f "$4" -O "verify-time=${at}Z" 2>/dev/null | head -n 1)
        if [ -n "$who" ] && ssh-keygen -Y verify -f "$4" -I "$who" -n "$3" -s "$2" -O "verify-time=${at}Z" <"$1" >/dev/null 2>&1; then
            good "$1: signed by $who"
        else
            bad "$1: its signature is nobody's who is in $4"
        fi
    elif ssh-keygen -Y check-novalidate -n "$3" -s "$2" <"$1" >/dev/null 2>&1; then
        note "$1: signed, and nothing here says whose keys count"
    else
        bad "$1: its signature is wrong"
    fi
}

# chain RECORDING MANIFEST SIGNATURE
chain() {
    size=$(wc -c <"$1") frames=0
    size=$((size))
    [ "$size" -gt 17 ] && [ "$(hex "$1" $((size - 4)) 4)" = b1ea928f ] && frames=$(number "$1" $((size - 9)) 4)
    table=$((size - 9 - 8 * frames))
    at=0 end=0 last= closing= count=0
    while [ "$count" -lt "$frames" ]; do
        length=$(number "$1" $((table + 8 * count)) 4)
        case $(hex "$1" "$at" 4)$(hex "$1" $((at + 8)) 4) in
        532a4d1873736d4c)
            covered=$(number "$1" $((at + 24)) 8)
            if [ "$((end + covered))" -ne "$at" ] ||
                [ "$(slice "$1" "$end" "$covered" | digest)" != "$(hex "$1" $((at + 56)) 32)" ]; then
                bad "$1: what lies between byte $end and $at is not what was recorded"
                return
            fi
            head=$(
                {
                    if [ -z "$last" ]; then head -c 32 /dev/zero; else slice "$1" $((last + 88)) 32; fi
                    slice "$1" $((at + 16)) 72
                } | digest
            )
            if [ "$head" != "$(hex "$1" $((at + 88)) 32)" ]; then
                bad "$1: the link at byte $at does not follow from the one before"
                return
            fi
            last=$at end=$((at + length))
            ;;
        532a4d1873736d4d) [ -n "$closing" ] || closing=$at ;;
        esac
        at=$((at + length)) count=$((count + 1))
    done
    if [ -z "$last" ] || [ -z "$closing" ] || [ "$end" -ne "$closing" ]; then
        bad "$1: its chain does not lead to a manifest"
        return
    fi
    if [ "$(key "$2" head)" != "$(hex "$1" $((last + 88)) 32)" ]; then
        bad "$1: its chain is not the one that $2 tells of"
        return
    fi
    length=$(number "$1" $((closing + 16)) 4)
    if ! slice "$1" $((closing + 20)) "$length" | cmp -s - "$2"; then
        bad "$1: the manifest in it is not $2"
        return
    fi
    behind=$((closing + 20 + length))
    length=$(number "$1" "$behind" 4)
    if [ "$length" -gt 0 ] && ! slice "$1" $((behind + 4)) "$length" | cmp -s - "$3"; then
        bad "$1: the signature in it is not $3"
        return
    fi
    good "$1: what was recorded, by a chain of links up to $2"
}

if sha256sum -c SHA256SUMS >/dev/null 2>&1; then
    good "SHA256SUMS: every file is the one that was packed"
else
    bad "SHA256SUMS: $(sha256sum -c SHA256SUMS 2>/dev/null | sed -n 's/: FAILED.*//p' | tr '\n' ' ')"
fi
if [ -f SHA256SUMS.sig ]; then
    if ssh-keygen -Y check-novalidate -n ssm-rec-evidence -s SHA256SUMS.sig <SHA256SUMS >/dev/null 2>&1; then
        good "SHA256SUMS: signed by whoever packed it"
    else
        bad "SHA256SUMS: its signature is wrong"
    fi
fi
for folder in */; do
    manifest=${folder}manifest.json
    [ -f "$manifest" ] || continue
    signed "$manifest" "$manifest.sig" ssm-rec allowed_signers ended_at
    recording=${folder}recording.cast.zst
    if [ -f "$recording" ]; then
        chain "$recording" "$manifest" "$manifest.sig"
        if grep -q '"encryption":{' "$manifest"; then
            note "$recording: encrypted"
        elif zstd -q -t "$recording" 2>/dev/null; then
            good "$recording: reads to its end"
        else
            bad "$recording: does not read"
        fi
    fi
    for kind in lines commands; do
        object=$folder$kind.jsonl.zst
        [ -f "$object" ] || continue
        told=$(sed -n "s/.*\"$kind\":{\"digest\":\"\([0-9a-f]*\)\".*/\1/p" "$manifest")
        if [ "$(digest <"$object")" = "$told" ]; then
            good "$object: what $manifest tells of"
        else
            bad "$object: not what $manifest tells of"
        fi
    done
    for review in "$folder"reviews/*.json; do
        [ -f "$review" ] || continue
        reviewers=allowed_reviewers
        [ -f "$reviewers" ] || reviewers=allowed_signers
        if [ "$(key "$review" manifest)" = "$(digest <"$manifest")" ]; then
            good "$review: a verdict on this recording"
        else
            note "$review: a verdict on another recording than this one"
        fi
        signed "$review" "$review.sig" ssm-rec-review "$reviewers" at
    done
done
exit "$wrong"
