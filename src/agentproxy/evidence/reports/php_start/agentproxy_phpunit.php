<?php
// Runs first in every PHP process of a check. Where the process is PHPUnit, it asks for a JUnit report, and takes
// itself out of the variables, so that what a test starts does not report. Then it runs the file that the user's own
// settings name, in whose place it stands. Syntax of PHP 5.4. It prints nothing.
call_user_func(function () {
    $reports = getenv('AGENTPROXY_REPORTS');
    $argv = isset($_SERVER['argv']) ? $_SERVER['argv'] : array();
    $is_phpunit = isset($argv[0]) && preg_match('/^phpunit(-[\d.]+)?(\.phar)?$/', basename($argv[0]));
    if (PHP_SAPI !== 'cli' || !$is_phpunit || !$reports) {
        return;
    }
    $folders = explode(PATH_SEPARATOR, (string) getenv('PHP_INI_SCAN_DIR'));
    $others = implode(PATH_SEPARATOR, array_diff($folders, array(__DIR__)));
    foreach (array('PHP_INI_SCAN_DIR' => $others, 'AGENTPROXY_PHP_START' => '') as $name => $value) {
        putenv($value === '' ? $name : "$name=$value");
        unset($_ENV[$name], $_SERVER[$name]);
        if ($value !== '') {
            $_SERVER[$name] = $value;
        }
    }
    if (preg_grep('/^--(log-junit|no-logging)\b/', $argv)) {
        return;
    }
    $file = sprintf('%s/phpunit-%d-%d.xml', $reports, microtime(true) * 1000000, getmypid());
    array_splice($argv, 1, 0, array('--log-junit', $file));
    $_SERVER['argv'] = $GLOBALS['argv'] = $argv;
    $_SERVER['argc'] = $GLOBALS['argc'] = count($argv);
});
// The last file that sets it wins, as PHP reads them: its own, then those of the folders in their order.
foreach (array_reverse(array_merge(
    array_filter(array((string) php_ini_loaded_file())),
    array_filter(array_map('trim', explode(',', (string) php_ini_scanned_files())))
)) as $agentproxy_settings) {
    if (dirname($agentproxy_settings) === __DIR__) {
        continue;
    }
    $agentproxy_settings = @parse_ini_file($agentproxy_settings, false, INI_SCANNER_RAW);
    if (isset($agentproxy_settings['auto_prepend_file'])) {
        $agentproxy_settings = trim($agentproxy_settings['auto_prepend_file'], " \"'");
        if ($agentproxy_settings !== '' && $agentproxy_settings !== 'none') {
            // In the scope of the whole program, as PHP does it.
            require $agentproxy_settings;
        }
        break;
    }
}
unset($agentproxy_settings);
