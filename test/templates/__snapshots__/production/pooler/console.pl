# The console of the PgBouncer in this container, through its socket, where it admits the user that it runs as without a password.
use strict;
use warnings;
use IO::Socket::UNIX;

our $console_path = "/tmp/.s.PGSQL.6432";

sub open_console {
  my $console = IO::Socket::UNIX->new($console_path) or die "no socket: $!\n";
  my $startup = pack("N", 196608) . "user\0pgbouncer\0database\0pgbouncer\0\0";
  send_bytes($console, pack("N", 4 + length $startup) . $startup);
  read_answer($console);
  return $console;
}

# Rows of a command's answer, by the names of their columns; an error that the console names is not one of the connection.
sub ask_console {
  my ($console, $command) = @_;
  my $query = "$command\0";
  send_bytes($console, "Q" . pack("N", 4 + length $query) . $query);
  return read_answer($console);
}

sub read_answer {
  my ($console) = @_;
  my (@names, @rows);
  local $SIG{ALRM} = sub { die "the pooler does not answer\n" };
  alarm 5;
  while (1) {
    my ($type, $length) = unpack("aN", read_bytes($console, 5));
    my $body = $length > 4 ? read_bytes($console, $length - 4) : "";
    @names = names_of($body) if $type eq "T";
    push @rows, row_of($body, @names) if $type eq "D";
    last if $type eq "Z";
  }
  alarm 0;
  return @rows;
}

# Each name is followed by 18 bytes about its column.
sub names_of {
  my ($body) = @_;
  return unpack("n/(Z* x18)", $body);
}

sub row_of {
  my ($body, @names) = @_;
  my ($at, %row) = (2);
  for my $name (@names) {
    my $length = unpack("l>", substr($body, $at, 4));
    $at += 4;
    $row{$name} = $length < 0 ? "" : substr($body, $at, $length);
    $at += $length if $length > 0;
  }
  return \%row;
}

sub send_bytes {
  my ($console, $bytes) = @_;
  $console->print($bytes);
  $console->flush;
}

sub read_bytes {
  my ($console, $length) = @_;
  my $bytes = "";
  while (length $bytes < $length) {
    read($console, $bytes, $length - length $bytes, length $bytes) or die "the pooler closed the connection\n";
  }
  return $bytes;
}

1;
