package dev.ctstream.cli;

import dev.ctstream.record.RecordException;

/** Names the first few records that cannot be decoded; in the end there is a count. */
public final class UndecodableRecords {
    private static final int NAMED = 3;

    private final Console console;
    private long count;

    /** Counts nothing yet. */
    public UndecodableRecords(Console console) {
        this.console = console;
    }

    /** Counts one, and shows the first of them. */
    public void one(String place, RecordException error) {
        if (++count <= NAMED) {
            console.say("cannot decode the record at " + place + ": " + error.getMessage());
        }
    }

    int exitCode() {
        if (count > NAMED) {
            console.say(count + " records could not be decoded");
        }
        return count == 0 ? ExitCode.OK : ExitCode.FAILURE;
    }
}
