#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Wrong configurations of tokens are refused, each with the line and a message
# that helps: keys that verify nothing or everything, sources that nobody reads
# or that pages of other sites fill, and two who name the user.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $t = Test::Nginx->new()->has(qw/ http rewrite proxy /);
my $d = $t->testdir();

openssl('genpkey', qw/ -algorithm RSA -pkeyopt
    rsa_keygen_bits:1024 /);
my $pem = openssl('pkey', '-pubout');

# a file of keys, and the message; undef: it is a good one

my $k = b64url('x' x 32);
my $n = b64url("\xff" x 256);

my @files = (
    [ 'a secret', jwks(secret_key('k')) ],
    [ 'among keys of no use here', keys_of(
        '{"kty":"oct","alg":"A256GCM","k":"' . $k . '"}',
        '{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}',
        '{"kty":"oct","use":"enc","k":"AA"}',
        '{"kty":"oct","k":"' . $k . '"}') ],
    [ 'not there', undef, qr/open\(\) ".*" failed/ ],
    [ 'empty', '', qr/invalid keys in ".*": / ],
    [ 'no JSON', 'keys', qr/invalid keys in ".*": / ],
    [ 'no set', '{"kty":"oct","k":"' . $k . '"}', qr/invalid keys in/ ],
    [ 'no keys', keys_of(), qr/invalid keys in/ ],
    [ 'none of use', keys_of('{"kty":"oct","use":"enc","k":"' . $k . '"}'),
      qr/invalid keys in/ ],
    [ 'a short secret', keys_of('{"kty":"oct","k":"' . b64url('x' x 31)
      . '"}'), qr/invalid keys in ".*": key 1: .*256 bits/ ],
    [ 'PEM as a secret', keys_of('{"kty":"oct","k":"' . b64url($pem) . '"}'),
      qr/key 1: .*PEM/ ],
    [ 'a file of PEM', $pem, qr/invalid keys in/ ],
    [ 'a private key', keys_of('{"kty":"RSA","n":"' . $n
      . '","e":"AQAB","d":"AA"}'), qr/key 1: .*private/ ],
    [ 'a short RSA key', keys_of('{"kty":"RSA","n":"'
      . b64url("\xff" x 128) . '","e":"AQAB"}'), qr/key 1: .*2048/ ],
    [ 'the second one', keys_of('{"kty":"oct","k":"' . $k . '"}',
      '{"kty":"oct","k":"AA"}'), qr/key 2: / ],
    [ 'a large one', ' ' x 70000, qr/is no file of at most 65536 bytes/ ],
);

# text in http, in the server, in the location; the message, or undef

my $keys = "chatws_token_key_file $d/good.jwks;";

my @cases = (
    [ 'a token', $keys, '', 'chatws_token $http_authorization;' ],
    [ 'inherited', $keys, 'chatws_token $http_authorization;', '' ],
    [ 'off', '', '', 'chatws_token off;' ],
    [ 'off inside', '', 'chatws_token $http_a;', 'chatws_token off;' ],
    [ 'two levels of names', "chatws_user \$arg_a; $keys",
      'chatws_token $http_a;', '' ],
    [ 'a user outside', 'chatws_user $arg_a; chatws_username $arg_b;', '',
      "chatws_token \$http_a; $keys" ],
    [ 'no keys', '', '', 'chatws_token $http_a;',
      qr/"chatws_token" in location "\/api\/ws" has no keys/ ],
    [ 'no keys, inherited', '', 'chatws_token $http_a;', '',
      qr/"chatws_token" in location "\/api\/ws" has no keys/ ],
    [ 'nothing', $keys, '', 'chatws_token;', qr/number of arguments/ ],
    [ 'twice', $keys, '', 'chatws_token $http_a; chatws_token $http_b;',
      qr/"chatws_token" directive is duplicate/ ],
    [ 'a word', $keys, '', 'chatws_token cookie;',
      qr/invalid source "cookie" of "chatws_token", it must be/ ],
    [ 'off and more', $keys, '', 'chatws_token off $http_a;',
      qr/invalid source "off" of "chatws_token"/ ],
    [ 'an unknown variable', $keys, '', 'chatws_token $none;',
      qr/unknown "none" variable/ ],
    [ 'a user on the same level', $keys, '',
      'chatws_token $http_a; chatws_user $arg_a;',
      qr/"chatws_user" directive can't be used where a token names/ ],
    [ 'in the other order', $keys, '',
      'chatws_username $arg_a; chatws_token $http_a;',
      qr/"chatws_token" directive can't be used where a token names/ ],
    [ 'in the server', $keys, 'chatws_token $http_a; chatws_username $arg_a;',
      '', qr/"chatws_username" directive can't be used/ ],
    [ 'a user inside', $keys, 'chatws_token $http_a;', 'chatws_user $arg_a;',
      qr/"\/api\/ws" inherits "chatws_token", and "chatws_user"/ ],
    [ 'off and a user', '', 'chatws_token $http_a;',
      'chatws_token off; chatws_user $arg_a;' ],
    [ 'a cookie', $keys, '', 'chatws_token $cookie_a;',
      qr/"chatws_token" .* a cookie, .* "chatws_allowed_origins"/ ],
    [ 'a cookie in braces', $keys, '', 'chatws_token "x${cookie_a}";',
      qr/a cookie/ ],
    [ 'all cookies', $keys, '', 'chatws_token $http_cookie;', qr/a cookie/ ],
    [ 'a cookie, and origins', $keys, 'chatws_allowed_origins same;',
      'chatws_token $cookie_a;' ],
    [ 'an argument elsewhere', $keys,
      'location /x { chatws_publish chat; chatws_token $arg_a; }', '',
      qr/"chatws_token" in location "\/x" can't have/ ],
    [ 'the arguments elsewhere', $keys,
      'location /x { chatws_publish chat; chatws_token $args; }', '',
      qr/"chatws_token" in location "\/x" can't have/ ],
    [ 'a subprotocol elsewhere', $keys,
      'location /x { chatws_publish chat; chatws_token protocol; }', '',
      qr/"chatws_token" in location "\/x" can't have/ ],
    [ 'inherited elsewhere', $keys, 'chatws_token protocol $http_a;
      location /x { chatws_publish chat; }', '',
      qr/"chatws_token" in location "\/x" can't have/ ],
    [ 'for responses', $keys, 'location /x { chatws_publish_response chat;
      proxy_pass http://127.0.0.1:8080; chatws_token $arg_a; }', '',
      qr/"chatws_token" in location "\/x" can't have/ ],
    [ 'for a nested location', $keys, 'location /x {
      chatws_publish_response chat; chatws_token $http_a;
      location /x/y { proxy_pass http://127.0.0.1:8080;
      chatws_token $cookie_a; } }', '',
      qr/"chatws_token" in location "\/x\/y" has a cookie/ ],
    [ 'where nobody asks', "$keys chatws_token \$arg_a protocol;",
      'location /x { return 204; }', '' ],
    [ 'a status', "$keys chatws_token \$arg_a;",
      'location /x { chatws_status chat; }', '' ],
    [ 'a leeway of a day', $keys, '', 'chatws_token_leeway 1d;',
      qr/"chatws_token_leeway" .*between 0 and 1h/ ],
    [ 'no lifetime', $keys, '', 'chatws_token_lifetime 0;',
      qr/"chatws_token_lifetime" .*between 1s and 365d/ ],
    [ 'a tiny size', $keys, '', 'chatws_token_max_size 1;',
      qr/"chatws_token_max_size" .*between 256 and 16k/ ],
    [ 'a huge size', $keys, '', 'chatws_token_max_size 17k;',
      qr/"chatws_token_max_size" .*between 256 and 16k/ ],
    [ 'issuers twice', $keys, '', 'chatws_token_issuer a;
      chatws_token_issuer b;', qr/duplicate/ ],
);

$t->plan(@files + @cases + 1);

$t->write_file('good.jwks', jwks(secret_key('good')));

for my $i (0 .. $#files) {
    my ($name, $text, $message) = @{$files[$i]};

    $t->write_file("$i.jwks", $text) if defined $text;
    tested($name, $message, '', '', "chatws_token_key_file $d/$i.jwks;
        chatws_token \$http_a;");
}

for my $case (@cases) {
    my ($name, $http, $server, $location, $message) = @$case;

    tested($name, $message, $http, $server, $location);
}

# a name that is not absolute is one in the directory of nginx.conf

$t->write_file_expand('nginx.conf', conf(endpoint =>
    'chatws_token_key_file good.jwks; chatws_token $http_a;'))->run();
is(request('GET', '/api/ws')->{status}, 401, 'a relative name');

# the functions below hold on to it

undef $t;


sub tested {
    my ($name, $message, $http, $server, $location) = @_;

    $t->write_file_expand('nginx.conf', conf(http => $http,
        server => $server, endpoint => $location,
        publish => 'chatws_token off;'));

    my $text = `$Test::Nginx::NGINX -p $d/ -c nginx.conf -e stderr -t 2>&1`;
    my $ok = $? == 0;

    # what was refused as it should be is no alert of this test

    $t->write_file('error.log', '');

    if (defined $message) {
        ok(!$ok && $text =~ /\[emerg\].*(?:$message)/, $name)
            or diag($text);

    } else {
        ok($ok, $name) or diag($text);
    }
}


sub keys_of {
    return '{"keys":[' . join(',', @_) . ']}';
}


# Runs OpenSSL on a file of the test, and returns what it writes.

sub openssl {
    my (@args) = @_;

    push @args, '-in', "$d/key.pem" if -e "$d/key.pem";

    my $text = `openssl @args 2> /dev/null`;

    $t->write_file('key.pem', $text) unless -e "$d/key.pem";

    return $text;
}
