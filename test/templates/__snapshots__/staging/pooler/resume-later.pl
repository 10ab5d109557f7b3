# Resumes paused routes after a time: whoever paused them may be gone by then. Runs inside the pooler's container and comes
# through its socket, where PgBouncer admits the user that it runs as without a password.
# Usage: perl resume-later.pl SECONDS ROUTE...
use strict;
use warnings;
use IO::Socket::UNIX;

my ($seconds, @routes) = @ARGV;
$SIG{ALRM} = sub { die "the pooler does not answer\n" };

my $console = IO::Socket::UNIX->new("/tmp/.s.PGSQL.6432") or die "no socket: $!\n";
my $startup = pack("N", 196608) . "user\0pgbouncer\0database\0pgbouncer\0\0";
send_all(pack("N", 4 + length $startup) . $startup);
await_ready();

# Another pause may end earlier than this one would: only the last one's watch counts.
my $mine = "/tmp/resume-later.pid";
open(my $file, ">", $mine) or die "$mine: $!\n";
print $file $$;
close $file;

$| = 1;
print "armed\n";
sleep $seconds;

open($file, "<", $mine) or exit 0;
exit 0 unless <$file> eq $$;
for my $route (@routes) {
  $route =~ s/"/""/g;
  my $query = "RESUME \"$route\"\0";
  send_all("Q" . pack("N", 4 + length $query) . $query);
  await_ready();
}
unlink $mine;

sub send_all {
  my ($bytes) = @_;
  $console->print($bytes);
  $console->flush;
}

sub take {
  my ($length) = @_;
  my $bytes = "";
  while (length $bytes < $length) {
    read($console, $bytes, $length - length $bytes, length $bytes) or die "the pooler closed the connection\n";
  }
  return $bytes;
}

# Reads until the console is ready for a query; an error of a query (a route that is not paused) is none of ours.
sub await_ready {
  alarm 5;
  while (1) {
    my ($type, $length) = unpack("aN", take(5));
    take($length - 4) if $length > 4;
    last if $type eq "Z";
  }
  alarm 0;
}
