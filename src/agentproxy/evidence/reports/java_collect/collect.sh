#!/bin/sh
# Gathers the reports that Surefire and Failsafe wrote during a check into one file. $1 is the folder for reports, with
# a file that is as old as the start of the check. A project below `target` is one that a test has started.
[ -n "$(find . -maxdepth 2 -name pom.xml 2>/dev/null)" ] || exit 0
out="$1/surefire.xml"
{
  echo "<testsuites>"
  find . -type f -newer "$1/started" \( -path "*/target/surefire-reports/TEST-*.xml" \
    -o -path "*/target/failsafe-reports/TEST-*.xml" \) -exec /bin/sh -c '
    for report do
      module=${report%%/target/*} written=${report#*/target/}
      case "$written" in surefire-reports/TEST-* | failsafe-reports/TEST-*) ;; *) continue ;; esac
      class=${report##*/TEST-} class=${class%.xml}
      source=$module/src/test/java/$(printf %s "${class%%\$*}" | tr . /).java
      [ -f "$source" ] || source=
      printf "<testsuite name=\"%s\">" "${source#./}"
      sed "1s/^<?xml[^>]*>//" "$report"
      echo "</testsuite>"
    done' sh {} +
  echo "</testsuites>"
} >"$out" 2>/dev/null
grep -q "<testsuite " "$out" || rm -f "$out"
