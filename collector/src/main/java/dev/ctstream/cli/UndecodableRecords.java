package dev.ctstream.cli;

import dev.ctstream.record.RecordException;

/** Reports the first few records that cannot be decoded, and at the end their number. */
public final class UndecodableRecords {
    private static final int NAMED = 3;

    private final Console console;
    private long count;

    /** Starts with a count of zero. */
    public UndecodableRecords(Console console) {
        this.console = console;
    }

    /** Counts a record and reports it if it is one of the first. */
    public void add(String position, RecordException error) {
        if (++count <= NAMED) {
            console.say("cannot decode the record at " + position + ": " + error.getMessage());
        }
    }

    /** Reports how many there were, if more than were named; {@link ExitCode#FAILURE} if there was one. */
    public int exitCode() {
        if (count > NAMED) {
            console.say(Counted.of(count, "record") + " could not be decoded");
        }
        return count == 0 ? ExitCode.OK : ExitCode.FAILURE;
    }
}
