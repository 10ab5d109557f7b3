# Starts PgBouncer with the files in /etc/pgstack on a socket of its own, in a container of its own. A running one says yes to a
# RELOAD whose files it can read in part or not at all, and then does not start with them, or knows no user. Prints its log, and
# `accepted` last.
use strict;
use warnings;
use POSIX ();

my ($ini, $log, $socket) = ("/tmp/trial.ini", "/tmp/trial.log", "/tmp/.s.PGSQL.6432");

# The listener's sockets are not here. A second section [pgbouncer] would make it forget the first one.
open my $process, "<", "/etc/pgstack/process-1.ini" or die "process-1.ini: $!\n";
open my $file, ">", $ini or die "$ini: $!\n";
while (my $line = <$process>) {
  print {$file} $line;
  print {$file} "listen_addr =\nlisten_port = 6432\nunix_socket_dir = /tmp\n" if $line =~ m{^%include .*/pgbouncer\.ini$};
}
close $file or die "$ini: $!\n";

my $pid = fork // die "fork: $!\n";
if ($pid == 0) {
  open STDERR, ">", $log or die "$log: $!\n";
  exec "pgbouncer", $ini or die "pgbouncer: $!\n";
}
my $ended = 0;
for (1 .. 600) {
  last if -S $socket || ($ended = waitpid($pid, POSIX::WNOHANG()) == $pid);
  select undef, undef, undef, 0.05;
}
if (!$ended) {
  kill "KILL", $pid;
  waitpid $pid, 0;
}

my $text = "";
if (open my $lines, "<", $log) {
  local $/ = undef;
  $text = <$lines> // "";
}
print $text;
exit 1 if $ended || !-S $socket || $text =~ / (?:ERROR|FATAL) /;
print "accepted\n";
