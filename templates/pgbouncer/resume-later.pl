# Resumes paused routes after a time: the process that paused them may be gone by then. Runs inside the pooler's container.
# Usage: perl resume-later.pl SECONDS ROUTE...
use strict;
use warnings;

require "/etc/pgstack/console.pl";

my ($seconds, @routes) = @ARGV;
my $console = open_console();

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
  # A route that is not paused is an error of the console's that is none of ours.
  ask_console($console, "RESUME \"$route\"");
}
unlink $mine;
