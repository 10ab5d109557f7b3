# Opens a port and gives the listening socket to every process that asks for it through a Unix socket. The port stays open while
# that process is replaced: who connects meanwhile waits in the socket's queue, and nobody is refused.
# Usage: perl listen.pl PORT SOCKET
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

my ($port, $path) = @ARGV;
# Perl has no sendmsg of its own; its number, by machine.
my %numbers = (x86_64 => 46, aarch64 => 211);
my $sendmsg = $numbers{(POSIX::uname())[4]} // die "listen.pl does not know this machine's sendmsg\n";

# More than any kernel admits: it cuts the queue to its own limit.
my $listener = IO::Socket::INET->new(LocalAddr => "0.0.0.0", LocalPort => $port, Listen => 65_535, ReuseAddr => 1)
  or die "port $port: $@\n";
unlink $path;
# Whoever may connect can take over the port: this user alone, whatever the folder allows.
umask 0177;
my $door = IO::Socket::UNIX->new(Local => $path, Listen => 8) or die "$path: $!\n";
my $open = IO::Select->new($door);

$SIG{PIPE} = "IGNORE";
$SIG{TERM} = $SIG{INT} = \&say_goodbye;
print STDERR "listening on port $port\n";

# Whoever has the socket keeps its connection here, so that each side notices the other one's end.
while ($open->count) {
  for my $ready ($open->can_read) {
    if ($ready == $door) {
      welcome($door->accept);
    } elsif (!sysread $ready, my $byte, 1) {
      $open->remove($ready);
      close $ready;
    }
  }
}

# Without this container's network nothing comes through the socket any more: its users finish first, then this process ends.
sub say_goodbye {
  $open->remove($door);
  close $door;
  syswrite $_, "." for $open->handles;
}

sub welcome {
  my ($user) = @_;
  return unless $user;
  if (give($user)) {
    $open->add($user);
  } else {
    print STDERR "the socket could not be given: $!\n";
    close $user;
  }
}

# struct msghdr with one byte of data and one descriptor (SCM_RIGHTS).
sub give {
  my ($user) = @_;
  my $byte = "!";
  my $vector = pack("P Q", $byte, 1);
  my $control = pack("Q l l l x4", 20, 1, 1, fileno $listener);
  my $header = pack("Q L x4 P Q P Q l x4", 0, 0, $vector, 1, $control, length $control, 0);
  return syscall($sendmsg, fileno $user, $header, 0) == 1;
}
