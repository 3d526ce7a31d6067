# shellcheck shell=bash
# Functions for the scripts of the overlays: `refuse` ends the script with an error, and `check_environment` checks an
# .env file. The .env.example beside the .env file has the known keys. A key with a value in the example needs a value,
# no value may still be in angle brackets, and no key may be there twice. The check never prints a value.

# refuse MESSAGE: prints the message in one line on stderr and ends the script with exit code 1.
refuse() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# keys_in FILE: prints the name before the first = of each line that is neither empty nor a comment.
keys_in() {
  sed -n 's/^\([^#=][^=]*\)=.*$/\1/p' "$1"
}

# value_in FILE KEY: prints the value.
value_in() {
  sed -n "s/^$2=//p" "$1"
}

# check_environment FILE: ends the script with an error when FILE cannot be used.
check_environment() {
  local file=$1 example=$1.example key value missing='' unfilled='' unknown='' seen=' ' repeated=''
  [[ -f $file ]] || refuse "there is no $file: copy $example to it and fill it in"
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
    [[ $seen != *" $key "* ]] || repeated+=" $key"
    seen+="$key "
  done < <(keys_in "$file")
  [[ -z $repeated ]] || refuse "$file has more than one line for$repeated; keep one line for each key"
  [[ -z $missing ]] || refuse "$file has no value for$missing; $example explains each key"
  [[ -z $unfilled ]] || refuse "$file still has the placeholder of the example for$unfilled; replace it with a value"
  [[ -z $unknown ]] || refuse "$file has unknown keys:$unknown; $example has the known keys"
  [[ $(value_in "$file" DATABASE_URL) == *":$(value_in "$file" POSTGRES_PASSWORD)@"* ]] ||
    refuse "in $file the password in DATABASE_URL is not POSTGRES_PASSWORD; use the same one in both"
  [[ $(value_in "$file" MONGODB_URI) == *":$(value_in "$file" MONGODB_PASSWORD)@"* ]] ||
    refuse "in $file the password in MONGODB_URI is not MONGODB_PASSWORD; use the same one in both"
}
