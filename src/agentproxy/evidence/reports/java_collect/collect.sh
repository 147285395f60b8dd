#!/bin/sh
# Gathers the reports that Surefire, Failsafe and Gradle wrote during a check, into one file for each of both tools. $1
# is the folder for reports, with a file that is as old as the start of the check. A project below the folder of a build
# is one that a test has started.
into() { # the name of the report, the folder of the build, then patterns of files
  out="$1/$2" build=$3
  {
    echo "<testsuites>"
    find . -type f -newer "$1/started" \( -path "*/$build/$4/TEST-*.xml" -o -path "*/$build/$5/TEST-*.xml" \) \
      -exec /bin/sh -c '
        build=$1; shift
        for report do
          module=${report%%/$build/*} written=${report#*/$build/}
          case "$written" in
            surefire-reports/TEST-* | failsafe-reports/TEST-*) set_of=test ;;
            test-results/*/*/*) continue ;;
            test-results/*/TEST-*) set_of=${written#test-results/} set_of=${set_of%%/*} ;;
            *) continue ;;
          esac
          class=${report##*/TEST-} class=${class%.xml}
          place=$(printf %s "${class%%\$*}" | tr . /) source=
          for kind in java:java kotlin:kt groovy:groovy; do
            found=$module/src/$set_of/${kind%:*}/$place.${kind#*:}
            [ -f "$found" ] && source=${found#./} && break
          done
          printf "<testsuite name=\"%s\">" "$source"
          sed "1s/^<?xml[^>]*>//" "$report"
          echo "</testsuite>"
        done' sh "$build" {} +
    echo "</testsuites>"
  } >"$out" 2>/dev/null
  grep -q "<testsuite " "$out" || rm -f "$out"
}
has() { [ -n "$(find . -maxdepth 2 "$@" 2>/dev/null)" ]; }
if has -name pom.xml; then into "$1" surefire.xml target surefire-reports failsafe-reports; fi
if has -name "build.gradle*" || has -name "settings.gradle*"; then
  into "$1" gradle.xml build "test-results/*" "test-results/*"
fi
