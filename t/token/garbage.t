#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Bad tokens of all kinds get a short error, take no memory that stays, and
# leave nothing behind in OpenSSL: TLS of the same worker goes on.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

plan(skip_all => 'no IO::Socket::SSL')
    unless eval { require IO::Socket::SSL; 1 };

my $t = Test::Nginx->new()->has(qw/ http http_ssl /);
my $d = $t->testdir();

my $key = secret_key('k');
my @public = public_keys();

$t->write_file('keys.jwks', jwks($key));
$t->write_file('public.jwks', '{"keys":[' . join(',', @public) . ']}');
certificate($t);

$t->write_file_expand('nginx.conf', conf(main => 'worker_processes 1;',
    http => <<'EOC',

    ssl_certificate_key %%TESTDIR%%/cert.key;
    ssl_certificate %%TESTDIR%%/cert.pem;

    keepalive_requests 1000000;

    chatws_token_key_file %%TESTDIR%%/keys.jwks;
    chatws_token_key_file %%TESTDIR%%/public.jwks;
EOC
    endpoint => 'chatws_token $http_authorization;',
    server => 'listen 127.0.0.1:8443 ssl;'));

# name, and token

my $now = time();
my $good = token($key);
my ($header, $claims, $signature) = split /\./, $good;
my %claims = (sub => 'ann', iat => $now, exp => $now + 600);
my $text = qq/"iat":$now,"exp":@{[ $now + 600 ]}/;

sub of { return token($key, text => "{$_[0]}") }
sub by { return token_parts($key, $_[0], qq/{"sub":"ann",$text}/) }

my @bad = (
    [ 'no dots', 'x' ],
    [ 'dots', '..' ],
    [ 'two parts', "$header.$claims" ],
    [ 'four parts', "$good.x" ],
    [ 'five parts', "$header..$claims.$signature.x" ],
    [ 'no signature', "$header.$claims." ],
    [ 'padding', "$good=" ],
    [ 'another spelling of the signature', $good =~ s/.\z/chr(1 + ord $&)/er ],
    [ 'alg none', by('{"alg":"none"}') ],
    [ 'alg none, no signature', b64url('{"alg":"none"}') . ".$claims." ],
    [ 'alg None', by('{"alg":"None"}') ],
    [ 'another alg of that kind', by('{"alg":"HS512","kid":"k"}') ],
    [ 'the alg of another key', by('{"alg":"RS256","kid":"k"}') ],
    [ 'no alg', by('{"kid":"k"}') ],
    [ 'alg is a number', by('{"alg":256}') ],
    [ 'alg twice', by('{"alg":"HS256","alg":"HS256"}') ],
    [ 'crit', by('{"alg":"HS256","crit":["exp"],"exp":1}') ],
    [ 'b64', by('{"alg":"HS256","b64":true}') ],
    [ 'zip', by('{"alg":"HS256","zip":"DEF"}') ],
    [ 'an unknown kid', by('{"alg":"HS256","kid":"../../k"}') ],
    [ 'kid is a number', by('{"alg":"HS256","kid":1}') ],
    [ 'a header of an array', by('["HS256"]') ],
    [ 'a deep header', by('{"alg":"HS256","x":' . '[' x 9 . ']' x 9 . '}') ],
    [ 'a large header', by('{"alg":"HS256","x":"' . 'x' x 600 . '"}') ],
    [ 'claims of an array', of('') =~ s/\.[^.]+\./".".b64url('[]')."."/er ],
    [ 'no claims', token($key, text => '') ],
    [ 'claims are no JSON', token($key, text => 'sub') ],
    [ 'no UTF-8', of(qq/"sub":"\xff",$text/) ],
    [ 'sub twice', of(qq/"sub":"ann","sub":"ann",$text/) ],
    [ 'sub twice, escaped', of(qq/"sub":"ann","s\\u0075b":"joe",$text/) ],
    [ 'NUL in sub', of(qq/"sub":"a\\u0000b",$text/) ],
    [ 'half a character in sub', of(qq/"sub":"a\\ud800",$text/) ],
    [ 'a line in sub', of(qq/"sub":"a\\nb",$text/) ],
    [ 'a long sub', of(qq/"sub":"@{[ 'x' x 129 ]}",$text/) ],
    [ 'sub is a number', of(qq/"sub":1,$text/) ],
    [ 'exp is 1e400', of(qq/"sub":"ann","iat":$now,"exp":1e400/) ],
    [ 'exp is a string', of(qq/"sub":"ann","iat":$now,"exp":"$now"/) ],
    [ 'exp is negative', of(qq/"sub":"ann","iat":$now,"exp":-1/) ],
    [ 'exp has twenty digits',
      of(qq/"sub":"ann","iat":$now,"exp":99999999999999999999/) ],
    [ 'exp is null', of(qq/"sub":"ann","iat":$now,"exp":null/) ],
    [ 'iat after exp', of(qq/"sub":"ann","iat":$now,"exp":@{[ $now - 1 ]}/) ],
    [ 'deep claims', of(qq/"sub":"ann",$text,"x":/ . '[' x 20 . ']' x 20) ],
    [ 'one byte too long', padded(4097) ],
    [ 'much too long', padded(6000) ],
);

# garbage by public keys: each goes through another verifier

for my $case ([ RS256 => 'rsa', 256 ], [ PS256 => 'pss', 256 ],
    [ ES256 => 'ec', 64 ], [ ES384 => 'ec384', 96 ], [ EdDSA => 'ed', 64 ])
{
    my ($alg, $kid, $length) = @$case;

    for my $bytes ("\0" x $length, "\xff" x $length, "\x30" x $length,
        'x' x ($length - 1), 'x' x ($length + 1), '')
    {
        push @bad, [ "$alg, " . length($bytes) . ' of '
            . sprintf('%02x', ord $bytes), join '.',
            b64url(qq/{"alg":"$alg","kid":"$kid"}/), $claims,
            b64url($bytes) ];
    }

    push @bad, [ "HS256 with the public key of $alg", token_parts(
        { %$key, secret => $public[0] }, qq/{"alg":"HS256","kid":"$kid"}/,
        qq/{"sub":"ann",$text}/) ];
}

$t->plan(@bad + 8)->run();

# a connection with TLS, and one that takes its turn with the bad tokens

my $ws = ws(ssl => 1, headers => [ "Authorization: Bearer $good" ]);

is($ws->{status}, 101, 'connected');
is($ws->{connected}{userId}, 'ann', 'the user');

my $tls = Test::Chatws::Client->dial(ssl => 1);
my $plain = Test::Chatws::Client->dial();

for my $case (@bad) {
    my ($name, $token) = @$case;

    my @got;

    for my $client ($plain, $tls) {
        my $reply = asked($client, $token);

        push @got, $reply->{status}, $reply->{json}{error},
            $reply->{json}{details};
    }

    # whatever is wrong, it is the same

    $ws->ping('x');

    is(join('|', @got, $ws->await_pong()),
        join('|', (401, 'Invalid token', 'the token is not valid') x 2, 'x'),
        $name);
}

is(asked($tls, padded(4096))->{status}, 426, 'as long as it may be');
is(asked($plain, $good)->{status}, 426, 'a good one');

# --- memory

my ($pid) = workers_of($t);

sub storm {
    my ($rounds) = @_;

    for (1 .. $rounds) {
        for my $case (@bad) {
            my $reply = asked($plain, $case->[1]);
            return 0 if !$reply || $reply->{status} != 401;
        }
    }

    return 1;
}

ok(storm(10), 'bad tokens');

my $before = memory_of($pid);

ok(storm(60), 'more of them');
cmp_ok(memory_of($pid) - $before, '<', 512 * 1024, 'no more memory');

$ws->ping('y');
is($ws->await_pong(), 'y', 'TLS goes on');

$_->drop() for $ws, $tls, $plain;


sub asked {
    my ($client, $token) = @_;

    $client->send_raw("GET /api/ws HTTP/1.1\r\nHost: localhost\r\n"
        . "Authorization: Bearer $token\r\n\r\n");

    return $client->read_answer();
}


# A good token of so many bytes.

sub padded {
    my ($length) = @_;

    for my $n (1 .. $length) {
        for my $more ('', 'y', 'yy') {
            my $token = token_parts($key, '{"alg":"HS256","kid":"k"' . ' '
                x length($more) . '}', qq/{"sub":"ann",$text,"x":"/
                . 'x' x int(($length - 220) * 3 / 4 + $n) . '"}');

            return $token if length $token == $length;
        }
    }

    die "no token of $length bytes\n";
}


# The public keys of new pairs of OpenSSL, as JWK.

sub public_keys {
    my @keys;

    for my $kind ([ rsa => RS256 => 'RSA' ], [ pss => PS256 => 'RSA' ],
        [ ec => ES256 => 'EC', 'P-256', 32 ],
        [ ec384 => ES384 => 'EC', 'P-384', 48 ],
        [ ed => EdDSA => 'OKP', 'Ed25519' ])
    {
        my ($kid, $alg, $kty, $crv, $half) = @$kind;

        my %args = (RSA => 'RSA -pkeyopt rsa_keygen_bits:2048',
            EC => 'EC -pkeyopt ec_paramgen_curve:' . ($crv || ''),
            OKP => 'ed25519');

        system("openssl genpkey -algorithm $args{$kty} -out $d/$kid.pem"
            . ' 2> /dev/null') == 0 or die "no key\n";

        my $der = `openssl pkey -in $d/$kid.pem -pubout -outform DER`;
        my $more;

        if ($kty eq 'RSA') {
            my ($hex) = `openssl rsa -in $d/$kid.pem -noout -modulus`
                =~ /=([0-9A-F]+)/;
            $more = '"n":"' . b64url(pack 'H*', $hex) . '","e":"AQAB"';

        } elsif ($kty eq 'EC') {
            $more = qq/"crv":"$crv","x":"/
                . b64url(substr $der, -2 * $half, $half) . '","y":"'
                . b64url(substr $der, -$half) . '"';

        } else {
            $more = qq/"crv":"$crv","x":"/ . b64url(substr $der, -32) . '"';
        }

        push @keys, qq/{"kty":"$kty","alg":"$alg","kid":"$kid",$more}/;
    }

    return @keys;
}
