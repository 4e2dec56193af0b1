#!/usr/bin/perl
# dkim.pl - what Mail::DKIM says of a message, given its domains' keys in files
#
#   dkim.pl MESSAGE NAME=RECORD...     # prints "pass", "fail", …; exit status 0 for "pass"
use strict;
use warnings;
use Mail::DKIM::Verifier;
use Mail::DKIM::DNS;
use Net::DNS::RR;

my ($message, @keys) = @ARGV;
my %record;
for (@keys) {
    my ($name, $text) = split /=/, $_, 2;
    $record{lc $name} = $text;
}

# No question goes out: what was asked of the DNS is in %record.
no warnings 'redefine';
*Mail::DKIM::DNS::query_async = sub {
    my ($name, $type, %parameters) = @_;
    my $calls = $parameters{Callbacks};
    my $text = $record{lc $name};
    my @found = defined $text
        ? Net::DNS::RR->new(owner => $name, type => 'TXT', txtdata => [$text =~ /(.{1,255})/g])
        : ();
    eval { $calls->{Success}->(@found); 1 } or $calls->{Error}->($@);
    return sub { };
};

open my $in, '<:raw', $message or die "$message: $!\n";
my $judge = Mail::DKIM::Verifier->new;
local $/;
$judge->PRINT(<$in>);
$judge->CLOSE;
print $judge->result, "\n";
exit($judge->result eq 'pass' ? 0 : 1);
