# Starts PgBouncer on the listening socket that the listener's container gives to all processes of the pooler, and on the same port of
# its own container for its console alone. Stops it so that its clients notice as little as can be. The first process of its container.
# Usage: perl launch.pl SOCKET COMMAND...
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

require "/etc/pgstack/console.pl";
our $console_path;

# For so long a stop waits for statements that take longer, in seconds.
my $calm_s = 20;
# A client that came within this time may be one that comes again for each transaction: it goes by itself.
my $young_s = 2;
# Clients that are between two transactions for so long are closed, first and then, each for a second.
my @idle_s = ("0.05", "0.001");

my @names = qw(HUP INT TERM QUIT USR1 USR2 CHLD);
my ($path, @command) = @ARGV;
# The first process of a container is not ended by signals that it does not handle.
$SIG{$_} = sub { exit 0 } for qw(INT TERM QUIT);
my $listener = await_listener($path);
my $socket = take_socket($listener);

pipe my $woken, my $wake or die "pipe: $!\n";
$wake->blocking(0);
my @signals;
for my $name (@names) {
  $SIG{$name} = sub { push @signals, $name; syswrite $wake, "." };
}
my $pid = start($socket, @command);
POSIX::close($socket);

my $stopping = 0;
my $events = IO::Select->new($woken, $listener);
while (1) {
  my %ready = map { $_ => 1 } $events->can_read;
  sysread $woken, my $dots, 64 if $ready{$woken};
  # Processes that others have left behind are this one's children too.
  while ((my $ended = waitpid -1, POSIX::WNOHANG()) > 0) {
    exit($? & 127 ? 128 + ($? & 127) : $? >> 8) if $ended == $pid;
  }
  handle($_) for splice @signals;
  listener_says() if $ready{$listener};
}

sub handle {
  my ($signal) = @_;
  return if $signal eq "CHLD";
  return stop() if $signal eq "INT" && !$stopping;
  kill $signal, $pid;
}

# A byte: it is about to end, and waits for this one. An end without it: its network is gone, and with it all clients. The
# container restarts then, with the next socket.
sub listener_says {
  return stop() if sysread $listener, my $byte, 1;
  $events->remove($listener);
  print STDERR "the listener has ended\n";
  kill "QUIT", $pid;
}

sub stop {
  return if $stopping;
  $stopping = 1;
  return if eval { leave(); 1 };
  print STDERR "stopping without the console: $@";
  kill "INT", $pid;
}

# A second signal ends each wait.
sub leave {
  my $console = open_console();
  # From here on other processes take new clients. Where all are stopped at the same time, they wait in the socket's queue: a client that
  # is closed by one process does not come to the next one that is about to close it.
  ask_console($console, "SHUTDOWN WAIT_FOR_CLIENTS");
  wait_while($calm_s, sub { long_statements($console) });
  wait_while($young_s, sub { young_clients($console) });
  for my $idle (@idle_s) {
    # Closes who is between two transactions, and in no other moment. Most notice it before they send the next one.
    ask_console($console, "SET client_idle_timeout = '$idle'");
    wait_while(1, sub { clients($console) });
  }
  # Transactions continue to their end; who wants to begin one is told that it is not.
  return ask_console($console, "SHUTDOWN WAIT_FOR_SERVERS") if clients($console);
  kill "QUIT", $pid;
}

sub wait_while {
  my ($seconds, $lasts) = @_;
  for (1 .. 20 * $seconds) {
    return if grep { /^(INT|TERM|QUIT)$/ } @signals;
    return unless $lasts->();
    pause();
  }
}

sub long_statements {
  my ($console) = @_;
  my $before = moment(time - 2);
  return grep { $_->{state} eq "active" && $_->{request_time} lt $before } ask_console($console, "SHOW SERVERS");
}

sub young_clients {
  my ($console) = @_;
  my ($login) = grep { $_->{list} eq "login_clients" } ask_console($console, "SHOW LISTS");
  return 1 if $login->{items} > 0;
  my $before = moment(time - $young_s);
  return grep { $_->{connect_time} gt $before } clients($console);
}

# Without those of the console, of which this process is one.
sub clients {
  my ($console) = @_;
  return grep { $_->{database} ne "pgbouncer" } ask_console($console, "SHOW CLIENTS");
}

# As PgBouncer prints it.
sub moment {
  my ($time) = @_;
  return POSIX::strftime("%Y-%m-%d %H:%M:%S UTC", gmtime $time);
}

sub pause { select undef, undef, undef, 0.05 }

sub await_listener {
  my ($path) = @_;
  while (1) {
    my $listener = IO::Socket::UNIX->new(Peer => $path);
    return $listener if $listener;
    pause();
  }
}

# Perl has no recvmsg of its own: struct msghdr with one byte of data and one descriptor (SCM_RIGHTS).
sub take_socket {
  my ($from) = @_;
  my %numbers = (x86_64 => 47, aarch64 => 212);
  my $recvmsg = $numbers{(POSIX::uname())[4]} // die "launch.pl does not know this machine's recvmsg\n";
  my ($byte, $control) = ("\0", "\0" x 24);
  my $vector = pack("P Q", $byte, 1);
  my $header = pack("Q L x4 P Q P Q l x4", 0, 0, $vector, 1, $control, length $control, 0);
  die "the listener gave no socket\n" unless syscall($recvmsg, fileno $from, $header, 0) == 1;
  my ($length, $level, $type, $descriptor) = unpack("Q l l l", $control);
  die "the listener gave no socket\n" unless $length == 20;
  return $descriptor;
}

# As systemd hands sockets over: from descriptor 3 on, to the process that is named. PgBouncer opens none of its own then.
sub start {
  my ($socket, @command) = @_;
  unlink $console_path;
  my $own = IO::Socket::UNIX->new(Local => $console_path, Listen => 128) or die "$console_path: $!\n";
  my $port = IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => 6432, Listen => 128, ReuseAddr => 1) or die "port 6432: $@\n";
  defined(my $child = fork) or die "fork: $!\n";
  return $child if $child > 0;
  $SIG{$_} = "DEFAULT" for @names;
  # Out of the way first: each may be 3 or 4 already.
  POSIX::dup2($socket, 50);
  POSIX::dup2(fileno $own, 51);
  POSIX::dup2(fileno $port, 52);
  POSIX::dup2(50 + $_, 3 + $_) for 0 .. 2;
  POSIX::close($_) for 6 .. 52;
  @ENV{qw(LISTEN_FDS LISTEN_PID)} = (3, $$);
  exec { $command[0] } @command or die "$command[0]: $!\n";
}
