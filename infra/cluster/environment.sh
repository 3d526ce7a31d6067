# shellcheck shell=bash
# Functions for the scripts that read an .env file: they end a script with an error, and they check the file. The
# .env.example beside the .env file has the known keys. A key with a value in the example needs a value, and no value
# may still be in angle brackets. The checks never print a value.

# refuse MESSAGE: prints the message in one line on stderr and ends the script with exit code 1.
refuse() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# keys_in FILE: prints the name before the first = of each line that is neither empty nor a comment.
keys_in() {
  sed -n 's/^\([^#=][^=]*\)=.*$/\1/p' "$1"
}

# value_in FILE KEY: prints the value. When a key is there twice, the last one counts, as for kustomize.
value_in() {
  sed -n "s/^$2=//p" "$1" | tail -n 1
}

# check_environment FILE: ends the script with an error when FILE cannot be used.
check_environment() {
  local file=$1 example=$1.example key value missing='' unfilled='' unknown=''
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
  done < <(keys_in "$file")
  [[ -z $missing ]] || refuse "$file has no value for$missing; $example explains each key"
  [[ -z $unfilled ]] || refuse "$file still has the placeholder of the example for$unfilled; replace it with a value"
  [[ -z $unknown ]] || refuse "$file has unknown keys:$unknown; $example has the known keys"
  [[ $(value_in "$file" DATABASE_URL) == *":$(value_in "$file" POSTGRES_PASSWORD)@"* ]] ||
    refuse "in $file the password in DATABASE_URL is not POSTGRES_PASSWORD; use the same one in both"
  [[ $(value_in "$file" MONGODB_URI) == *":$(value_in "$file" MONGODB_PASSWORD)@"* ]] ||
    refuse "in $file the password in MONGODB_URI is not MONGODB_PASSWORD; use the same one in both"
}
