package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** A process that appends batches until it is killed, and prints their number after each write. */
final class AppendingProcess {
    private AppendingProcess() {}

    /** Arguments: directory, stream epoch. Prints the number after the last batch for which write(2) has returned. */
    @SuppressWarnings("resource") // it is killed
    public static void main(String[] arguments) throws IOException {
        RunIdentity run = new RunIdentity("host-1", "boot-1", Long.parseLong(arguments[1]));
        TestSpool spool = new TestSpool(TestSpool.config(Path.of(arguments[0])), run);
        SplittableRandom random = new SplittableRandom(run.streamEpoch());
        while (true) {
            int batches = 1 + random.nextInt(20);
            for (int i = 0; i < batches; i++) {
                EncodedBatch batch =
                        spool.made(MadeBatches.stream("host", i % 3), 1 + random.nextInt(9), random.nextInt(2000));
                spool.handOver(batch);
            }
            spool.pass();
            System.out.println(spool.spool.acknowledgedNumber() + spool.spool.unacknowledged() + 1);
            System.out.flush();
        }
    }
}
