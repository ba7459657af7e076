#!/bin/sh
# SPDX-License-Identifier: MIT
#
# email.sh - the task email:deliver as an exec handler, for programs without C:
#
#   weir-worker --exec 'email:deliver=doc/examples/email.sh'
#
# Standard input is the payload {"user_id": 42, "subject": "Welcome!", "body": "..."} (body optional).
# Standard output becomes the result, the end of standard error the task's error text.
# Exit status: 0 delivered, 65 the task is wrong (archived at once), 75 not now (retried).
#
#   EMAIL_DATABASE   SQLite file with the table users (id, name, email)
#   EMAIL_FROM       the sender's address
#   EMAIL_MAILDIR    the folder to deliver into
#
# Needs jq and sqlite3. As in the module, a second run of a task delivers nothing a second time: the
# file's name comes from the task, and ln refuses a name that is there.

wrong()
{
    echo "$*" >&2
    exit 65
}

later()
{
    echo "$*" >&2
    exit 75
}

for setting in EMAIL_DATABASE EMAIL_FROM EMAIL_MAILDIR; do
    eval "[ -n \"\${$setting:-}\" ]" || later "$setting is not set"
done

# ---- the payload

payload=$(cat)
problem=$(printf '%s' "$payload" | jq -s '
    def wrong: halt_error(1);
    if length != 1 then "it is not one JSON value" | wrong else .[0] end
    | if type != "object" then "it is not an object" | wrong else . end
    | if (.user_id | type) != "number" or .user_id != (.user_id | floor) then "no user_id" | wrong
      elif (.subject | type) != "string" then "no subject" | wrong
      elif has("body") and (.body | type) != "string" then "the body is not text" | wrong
      else empty end' 2>&1) || wrong "malformed payload: $problem"
user_id=$(printf '%s' "$payload" | jq '.user_id | floor')

# ---- the user

user=$(sqlite3 -readonly -cmd '.timeout 5000' "$EMAIL_DATABASE" \
    "SELECT json_object('name', name, 'address', email) FROM users WHERE id = $user_id" 2>&1) ||
    later "user database: $user"
[ -n "$user" ] || wrong "no user has the id $user_id"
printf '%s' "$user" | jq -e '.address | test("^[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+$")' > /dev/null ||
    wrong "recipient's address is not valid"

# ---- the message: every text is base64 of whole characters, so no value can add a header

key=$(printf '%s\n%s' "$WEIR_TASK_QUEUE" "$WEIR_TASK_ID" | jq -Rrs '
    def plain: @base64 | gsub("[+]"; "-") | gsub("[/]"; "_") | gsub("="; "");
    split("\n") | "\(.[1] | if test("^[A-Za-z0-9_-]+$") then . else "+" + plain end).\(.[0] | plain)"')
[ ${#key} -le 200 ] || wrong "task id is too long to name a message"
message=$(printf '%s' "$payload" | jq -r --argjson user "$user" --arg from "$EMAIL_FROM" \
    --arg key "$key" --arg date "$(LC_ALL=C date -u '+%a, %d %b %Y %H:%M:%S +0000')" '
    def words: explode | map(if . < 32 or . == 127 then 32 else . end) | implode
        | [range(0; length; 11) as $i | "=?UTF-8?B?\(.[$i:$i + 11] | @base64)?="] | join("\n ");
    def lines: [range(0; length; 76) as $i | .[$i:$i + 76]] | join("\n");
    "Date: \($date)",
    "From: \($from)",
    "To: \($user.name | words)\n <\($user.address)>",
    "Subject: \(.subject | words)",
    "Message-ID: <\($key)@\($from | split("@")[-1])>",
    "Auto-Submitted: auto-generated",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: base64",
    "",
    ((.body // .subject) + "\n" | @base64 | lines)') || later "jq cannot render the message"

# ---- delivery

cd "$EMAIL_MAILDIR" 2> /dev/null || later "cannot enter $EMAIL_MAILDIR"
for seen in "cur/$key" "cur/$key":*; do
    [ ! -e "$seen" ] || { echo '{"new":false}' && exit 0; }
done
file=tmp/$key.$$
trap 'rm -f "$file"' EXIT
printf '%s\n' "$message" > "$file" || later "cannot write $file"
sync "$file" || later "cannot sync $file"
new=true
if ! problem=$(ln "$file" "new/$key" 2>&1); then
    [ -e "new/$key" ] || later "$problem"
    new=false
fi
sync new || later "cannot sync new"
echo "{\"message\":\"$key\",\"new\":$new}"
