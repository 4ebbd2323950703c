package dev.ctstream.segment;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.batch.MadeBatches;
import dev.ctstream.record.RunIdentity;
import dev.ctstream.record.StreamId;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Invariant 8: every later version reads what a released version wrote. {@code version-2.segment} never changes. */
class SegmentFormatTest {
    private static final RunIdentity RUN = new RunIdentity("host-1", "boot-1", 1_795_244_000_000_000_000L);
    private static final StreamId ZONE_7 = MadeBatches.stream("blue", 7);
    private static final SpoolPosition FIRST = new SpoolPosition(41, 4100);

    @TempDir
    private Path temporary;

    private static byte[] versionTwo() throws IOException {
        try (InputStream in = SegmentFormatTest.class.getResourceAsStream("/spool/version-2.segment")) {
            return Objects.requireNonNull(in).readAllBytes();
        }
    }

    /** Two batches of events and a control record, sealed. */
    private Path written() throws IOException {
        Path file = temporary.resolve("0000000000000009.segment");
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        try (SegmentWriter writer =
                SegmentWriter.create(file, channel, new SegmentHeader(9, FIRST, RUN, 1_795_244_000_000_000_001L))) {
            FrameCodec codec = new FrameCodec();
            ByteBuffer frames = ByteBuffer.allocate(1 << 16);
            SpoolPosition next = FIRST;
            for (EncodedBatch batch : List.of(
                    MadeBatches.events(RUN, ZONE_7, 0, 3, 40),
                    MadeBatches.control(RUN, "blue", 5, 100),
                    MadeBatches.events(RUN, ZONE_7, 3, 2, 41))) {
                batch.number(next.number() - FIRST.number());
                BatchEnvelope envelope = BatchEnvelope.of(next, batch);
                codec.write(frames, envelope, batch.array(), batch.offset(), batch.lengthBytes());
                writer.noteAppended(envelope);
                next = envelope.next();
            }
            writer.append(frames.flip());
            writer.seal(next, 1_795_244_000_000_000_002L);
        }
        return file;
    }

    @Test
    void writesTheBytesOfVersionTwo() throws IOException {
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(written())))
                .isEqualTo(HexFormat.of().formatHex(versionTwo()));
    }

    @Test
    void readsVersionTwo() throws IOException {
        Path file = temporary.resolve("0000000000000001.segment");
        Files.write(file, versionTwo());
        try (SegmentReader reader = SegmentReader.open(file)) {
            assertThat(reader.header()).isEqualTo(new SegmentHeader(9, FIRST, RUN, 1_795_244_000_000_000_001L));
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope())
                    .isEqualTo(new BatchEnvelope(
                            41,
                            4100,
                            0,
                            EncodedBatch.EVENTS,
                            ZONE_7,
                            0,
                            3,
                            RUN.streamEpoch(),
                            RUN.streamEpoch() + 999));
            assertThat(BatchIdentity.of(EncodedBatch.EVENTS, reader.body())).isEqualTo(RUN);
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope().kind()).isEqualTo(EncodedBatch.CONTROL);
            assertThat(BatchIdentity.of(EncodedBatch.CONTROL, reader.body())).isEqualTo(RUN);
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope().next()).isEqualTo(new SpoolPosition(44, 4105));
            assertThat(reader.next()).isFalse();
            assertThat(reader.sealed()).isTrue();
            assertThat(reader.index()).hasSize(2).anySatisfy(range -> {
                assertThat(range.stream()).isEqualTo(ZONE_7);
                assertThat(range.nextSequence()).isEqualTo(5);
                assertThat(range.batches()).isEqualTo(2);
            });
        }
        assertThat(SegmentTrailer.read(file))
                .isNotNull()
                .satisfies(ends -> assertThat(ends.next()).isEqualTo(new SpoolPosition(44, 4105)));
    }
}
