#!/usr/bin/perl
# dkim.pl - what Mail::DKIM says of a message, given its domains' keys in files
#
#   dkim.pl MESSAGE NAME=RECORD...     # prints "pass", "fail", …; exit status 0 for "pass"
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::PublicKey;

my ($message, @keys) = @ARGV;
my %record;
for (@keys) {
    my ($name, $text) = split /=/, $_, 2;
    $record{lc $name} = $text;
}

# No question goes out: what was asked of the DNS is in %record.
no warnings 'redefine';
*Mail::DKIM::PublicKey::fetch_async = sub {
    my ($class, %parameters) = @_;
    my $name = lc "$parameters{Selector}._domainkey.$parameters{Domain}";
    my $found = $record{$name};
    my $key = defined $found ? $class->parse($found) : undef;
    $key->{Selector} = $parameters{Selector}, $key->{Domain} = $parameters{Domain} if $key;
    return sub { return $key };
};

open my $in, '<:raw', $message or die "$message: $!\n";
my $judge = Mail::DKIM::Verifier->new;
local $/;
$judge->PRINT(<$in>);
$judge->CLOSE;
print $judge->result, "\n";
exit($judge->result eq 'pass' ? 0 : 1);
