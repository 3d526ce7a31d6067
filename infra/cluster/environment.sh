# shellcheck shell=bash
# Sourced by the scripts that read an .env: how they refuse, and what they refuse in one. The example beside it says which keys there are;
# one that has a value there has to have one, and none may be left in angle brackets. A value is never printed.

refuse() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# keys_in FILE: the names before the first = of each line that is neither empty nor a comment.
keys_in() {
  sed -n 's/^\([^#=][^=]*\)=.*$/\1/p' "$1"
}

# value_in FILE KEY: the last one counts, as it does for kustomize.
value_in() {
  sed -n "s/^$2=//p" "$1" | tail -n 1
}

# check_environment FILE: ends the script with one line where FILE cannot be used.
check_environment() {
  local file=$1 example=$1.example key value missing='' unfilled='' unknown=''
  [[ -f $file ]] || refuse "there is no $file: copy $example and fill it in"
  while read -r key; do
    value=$(value_in "$file" "$key")
    if [[ -z $value && -n $(value_in "$example" "$key") ]]; then
      missing+=" $key"
    elif [[ $value == *'<'*'>'* ]]; then
      unfilled+=" $key"
    fi
  done < <(keys_in "$example")
  while read -r key; do
    keys_in "$example" | grep -qxF -- "$key" || unknown+=" $key"
  done < <(keys_in "$file")
  [[ -z $missing ]] || refuse "$file has no value for$missing; $example says what belongs there"
  [[ -z $unfilled ]] || refuse "$file has still the example's words for$unfilled"
  [[ -z $unknown ]] || refuse "$file has$unknown, which nothing reads; $example has the names"
  [[ $(value_in "$file" DATABASE_URL) == *":$(value_in "$file" POSTGRES_PASSWORD)@"* ]] ||
    refuse "the password in $file's DATABASE_URL is not its POSTGRES_PASSWORD"
  [[ $(value_in "$file" MONGODB_URI) == *":$(value_in "$file" MONGODB_PASSWORD)@"* ]] ||
    refuse "the password in $file's MONGODB_URI is not its MONGODB_PASSWORD"
}
