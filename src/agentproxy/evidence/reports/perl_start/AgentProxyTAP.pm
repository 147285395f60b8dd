# PERL5OPT makes every process of Perl load this file. Where the process runs TAP::Harness, as prove does, it listens
# beside the formatter: what that prints stays the same. Elsewhere it does nothing and loads nothing.
package AgentProxyTAP;

my ($here) = __FILE__ =~ m{^(.*)/[^/]*$};
my $file;
my %seen;    # the results of each parser

@INC = grep { ref || $_ ne $here } @INC;

INIT { watch() if $ENV{AGENTPROXY_REPORTS} && ( $INC{'App/Prove.pm'} || $INC{'Test/Harness.pm'} ) }

sub watch {
    # What a test starts does not report.
    $ENV{PERL5OPT} =~ s/\s*-I\Q$here\E -MAgentProxyTAP//;
    delete $ENV{PERL5OPT} if $ENV{PERL5OPT} eq '';
    local $@;
    eval { require TAP::Harness; require TAP::Parser::Aggregator; require Time::HiRes; attach(); 1 };
}

sub attach {
    return if grep { !defined &$_ } qw(TAP::Harness::aggregate_tests TAP::Harness::make_parser TAP::Parser::Aggregator::add);
    my ( $run, $make, $add ) =
      ( \&TAP::Harness::aggregate_tests, \&TAP::Harness::make_parser, \&TAP::Parser::Aggregator::add );
    no warnings;
    *TAP::Harness::aggregate_tests = sub {
        my ( $self, $aggregate, @tests ) = @_;
        begin( map { ref $_ ? $_->[1] : $_ } @tests );
        $self->$run( $aggregate, @tests );
        # The formatter says how many tests ran, and not how many of them passed.
        put( kind => 'end', passed => \$aggregate->total, failed => \0 );
    };
    *TAP::Harness::make_parser = sub {
        my ( $parser, @more ) = $make->(@_);
        my $results = $seen{$parser} = [];
        $parser->callback( test => sub { push @$results, $_[0] } );
        return ( $parser, @more );
    };
    *TAP::Parser::Aggregator::add = sub {
        my ( $self, $name, $parser ) = @_;
        report( $name, $parser, delete $seen{$parser} || [] );
        return $self->$add( $name, $parser );
    };
}

sub begin {
    my (@names) = @_;
    my $name = sprintf '%s/prove-%x%05x.jsonl', $ENV{AGENTPROXY_REPORTS}, Time::HiRes::time() * 1e6, $$ & 0xfffff;
    open $file, '>', $name or return;
    $file->autoflush(1);
    put( kind => 'start', files => \@names );
}

sub report {
    my ( $name, $parser, $results ) = @_;
    my $failed = 0;
    for my $result (@$results) {
        my $state = state_of($result);
        $failed++ if $state eq 'failed';
        # Tests without a description have numbers, which change with every test above them.
        ( my $title = $result->description ) =~ s/^- //;
        my @failures = $state eq 'failed' ? { name => 'AssertionError', message => $result->as_string } : ();
        put(
            kind => 'test', file => $name, state => $state,
            path => [ length $title ? $title : 'test' ], failures => \@failures,
        );
    }
    # A script may end before its plan, or fail beside its tests.
    my @said = $parser->parse_errors;
    push @said, 'it exited with ' . $parser->exit if $parser->exit && !$failed;
    put( kind => 'file', file => $name, failures => [ @said ? { message => join "\n", @said } : () ] );
}

sub state_of {
    my ($result) = @_;
    return 'failed' if !$result->is_ok || $result->is_unplanned;
    return 'skipped' if $result->has_skip;
    return 'expected' if $result->has_todo && !$result->is_actual_ok;
    return 'passed';
}

sub put {
    my (%line) = @_;
    local ( $\, $, );
    print {$file} json( \%line ), "\n" if $file;
}

sub json {
    my ($value) = @_;
    return '[' . join( ',', map { json($_) } @$value ) . ']' if ref $value eq 'ARRAY';
    return $$value if ref $value eq 'SCALAR';
    return '{' . join( ',', map { quoted($_) . ':' . json( $value->{$_} ) } sort keys %$value ) . '}' if ref $value;
    return quoted($value);
}

sub quoted {
    my ($text) = @_;
    utf8::decode($text);
    $text =~ s/([^ !#-\[\]-~])/escaped(ord $1)/ge;
    return qq("$text");
}

sub escaped {
    my ($code) = @_;
    return sprintf '\\u%04x', $code if $code < 0x10000;
    $code -= 0x10000;
    return sprintf '\\u%04x\\u%04x', 0xd800 + ( $code >> 10 ), 0xdc00 + ( $code & 0x3ff );
}

1;
