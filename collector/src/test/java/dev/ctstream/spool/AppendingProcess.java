package dev.ctstream.spool;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;

/** A process that appends batches until it is killed, and prints their number after each write. */
final class AppendingProcess {
    private AppendingProcess() {}

    /** Arguments: directory, stream epoch. Prints the number after the last batch for which write(2) has returned. */
    @SuppressWarnings("resource") // it is killed
    public static void main(String[] arguments) throws IOException {
        long epoch = Long.parseLong(arguments[1]);
        TestSpool spool = new TestSpool(
                TestSpool.Setup.of(TestSpool.config(Path.of(arguments[0]))).clock(() -> epoch));
        SplittableRandom random = new SplittableRandom(epoch);
        while (true) {
            int batches = 1 + random.nextInt(20);
            for (int i = 0; i < batches; i++) {
                EncodedBatch batch =
                        spool.made(MadeBatches.stream("host", i % 3), 1 + random.nextInt(9), random.nextInt(2000));
                spool.handOver(batch);
            }
            spool.pass();
            System.out.println(spool.appendedNumber() + 1);
            System.out.flush();
        }
    }
}
