package dev.ctstream.segment;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Invariant 8: every later version reads what a released version wrote. {@code version-3.segment} (events) and {@code
 * version-3-control.segment} never change; no release wrote version 2.
 */
class SegmentFormatTest {
    private static final RunIdentity RUN = new RunIdentity("host-1", "boot-1", 1_795_244_000_000_000_000L);
    private static final StreamId ZONE_7 = MadeBatches.stream("blue", 7);
    private static final StreamId CONTROL = StreamId.control("blue", "id-blue");
    private static final SpoolPosition FIRST = new SpoolPosition(41, 4100);
    private static final MissingBatches GIVEN_UP =
            new MissingBatches(new SpoolPosition(3, 30), new SpoolPosition(8, 81));
    private static final long CREATED = 1_795_244_000_000_000_001L;
    private static final long SEALED = 1_795_244_000_000_000_002L;

    @TempDir
    private Path temporary;

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = SegmentFormatTest.class.getResourceAsStream("/spool/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    private static BatchEnvelope control(long index, @Nullable MissingBatches givesUp) {
        long nanos = RUN.streamEpoch() + index;
        return new BatchEnvelope(
                41 + index,
                4100 + index,
                2 + index,
                BatchEnvelope.CONTROL,
                CONTROL,
                5 + index,
                1,
                nanos,
                nanos,
                givesUp);
    }

    /** Two batches of events, sealed. */
    private Path events() throws IOException {
        Path file = temporary.resolve("0000000000000009.segment");
        try (SegmentWriter writer = create(file, BatchEnvelope.EVENTS, 0)) {
            FrameCodec codec = new FrameCodec();
            ByteBuffer frames = ByteBuffer.allocate(1 << 16);
            SpoolPosition next = FIRST;
            for (EncodedBatch batch :
                    List.of(MadeBatches.events(RUN, ZONE_7, 0, 3, 40), MadeBatches.events(RUN, ZONE_7, 3, 2, 41))) {
                batch.number(next.number() - FIRST.number());
                BatchEnvelope envelope = BatchEnvelope.of(next, batch);
                codec.write(frames, envelope, batch.array(), batch.offset(), batch.lengthBytes());
                writer.noteAppended(envelope);
                next = envelope.next();
            }
            writer.append(frames.flip());
            writer.seal(next, SEALED);
        }
        return file;
    }

    /** Two control records, the second of which gives up events, in a reserved file that is not sealed. */
    private Path controlRecords() throws IOException {
        Path file = temporary.resolve("0000000000000010.segment");
        Files.write(file, new byte[4096]);
        try (SegmentWriter writer = create(file, BatchEnvelope.CONTROL, 4096)) {
            FrameCodec codec = new FrameCodec();
            ByteBuffer frames = ByteBuffer.allocate(1 << 12);
            for (long index = 0; index < 2; index++) {
                byte[] body = MadeBatches.control(RUN, "blue", 5 + index, 100);
                codec.write(frames, control(index, index == 1 ? GIVEN_UP : null), body, 0, body.length);
            }
            writer.append(frames.flip());
        }
        return file;
    }

    private static SegmentWriter create(Path file, int kind, long reservedBytes) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
        return SegmentWriter.create(file, channel, new SegmentHeader(9, kind, FIRST, RUN, CREATED), reservedBytes);
    }

    private static void assertSame(Path file, String name) throws IOException {
        assertThat(HexFormat.of().formatHex(Files.readAllBytes(file)))
                .isEqualTo(HexFormat.of().formatHex(resource(name)));
    }

    @Test
    void writesTheBytesOfVersionThree() throws IOException {
        assertSame(events(), "version-3.segment");
        assertSame(controlRecords(), "version-3-control.segment");
    }

    @Test
    void theFieldsAreWhereTheLayoutSays() throws IOException {
        ByteBuffer file = ByteBuffer.wrap(resource("version-3-control.segment"));
        assertThat(file.getShort(8)).isEqualTo((short) 3);
        assertThat(file.getInt(56)).as("kind of the segment").isEqualTo(BatchEnvelope.CONTROL);
        int frame = 1024 + file.getInt(1024 + 8) + 144 + "blue".length() + "id-blue".length() + 7 & -8;
        assertThat(file.getLong(frame + 16)).as("number").isEqualTo(42);
        assertThat(file.getInt(frame + 44)).as("zone").isEqualTo(-1);
        assertThat(file.getShort(frame + 64)).as("kind").isEqualTo((short) 1);
        assertThat(file.getLong(frame + 72)).as("log index").isEqualTo(3);
        byte[] leafHash = new byte[32];
        file.get(frame + 80, leafHash);
        assertThat(leafHash).as("leaf hash").containsOnly(0);
        assertThat(List.of(
                        file.getLong(frame + 112),
                        file.getLong(frame + 120),
                        file.getLong(frame + 128),
                        file.getLong(frame + 136)))
                .as("gives up")
                .isEqualTo(List.of(3L, 30L, 8L, 81L));
        byte[] names = new byte[11];
        file.get(frame + 144, names);
        assertThat(new String(names, UTF_8)).isEqualTo("blueid-blue");
    }

    @Test
    void readsEventsOfVersionThree() throws IOException {
        Path file = temporary.resolve("0000000000000001.segment");
        Files.write(file, resource("version-3.segment"));
        try (SegmentReader reader = SegmentReader.open(GoodFiles.FILES, file)) {
            assertThat(reader.header()).isEqualTo(new SegmentHeader(9, BatchEnvelope.EVENTS, FIRST, RUN, CREATED));
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope())
                    .isEqualTo(new BatchEnvelope(
                            41,
                            4100,
                            0,
                            BatchEnvelope.EVENTS,
                            ZONE_7,
                            0,
                            3,
                            RUN.streamEpoch(),
                            RUN.streamEpoch() + 999,
                            null));
            assertThat(BatchIdentity.of(BatchEnvelope.EVENTS, reader.body())).isEqualTo(RUN);
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope().next()).isEqualTo(new SpoolPosition(43, 4105));
            assertThat(reader.next()).isFalse();
            assertThat(reader.sealed()).isTrue();
            assertThat(reader.index()).singleElement().satisfies(range -> {
                assertThat(range.stream()).isEqualTo(ZONE_7);
                assertThat(range.nextSequence()).isEqualTo(5);
                assertThat(range.batches()).isEqualTo(2);
            });
        }
        assertThat(SegmentTrailer.read(GoodFiles.FILES, file))
                .isNotNull()
                .satisfies(ends -> assertThat(ends.next()).isEqualTo(new SpoolPosition(43, 4105)));
    }

    @Test
    void readsControlRecordsOfVersionThreeAndTakesZerosForTheUnwrittenTail() throws IOException {
        Path file = temporary.resolve("0000000000000001.segment");
        Files.write(file, resource("version-3-control.segment"));
        try (SegmentReader reader = SegmentReader.open(GoodFiles.FILES, file)) {
            assertThat(reader.header().kind()).isEqualTo(BatchEnvelope.CONTROL);
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope()).isEqualTo(control(0, null));
            assertThat(reader.next()).isTrue();
            assertThat(reader.envelope()).isEqualTo(control(1, GIVEN_UP));
            assertThat(BatchIdentity.of(BatchEnvelope.CONTROL, reader.body())).isEqualTo(RUN);
            assertThat(reader.next()).isFalse();
            assertThat(reader.sealed()).isFalse();
            assertThat(reader.skippedBytes()).isZero();
        }
        SegmentInspection.Result result = SegmentInspection.inspect(GoodFiles.FILES, file);
        assertThat(result.fileBytes()).isEqualTo(result.goodBytes()).isLessThan(Files.size(file));
    }

    @Test
    void aGapWithADamagedBodyStillTellsWhatItGaveUp() throws IOException {
        byte[] bytes = resource("version-3-control.segment");
        Path file = temporary.resolve("0000000000000001.segment");
        int end = bytes.length;
        while (bytes[end - 1] == 0) {
            end--;
        }
        bytes[end - 20] ^= 1;
        Files.write(file, bytes);
        try (SegmentReader reader = SegmentReader.open(GoodFiles.FILES, file)) {
            assertThat(reader.next()).isTrue();
            assertThat(reader.next()).isFalse();
            assertThat(reader.damaged())
                    .singleElement()
                    .satisfies(frame -> assertThat(frame.givesUp()).isEqualTo(GIVEN_UP));
        }
    }

    @Test
    void whatAFrameGivesUpIsUnderItsChecksum() throws IOException {
        byte[] good = resource("version-3-control.segment");
        ByteBuffer in = ByteBuffer.wrap(good);
        FrameCodec codec = new FrameCodec();
        assertThat(codec.headerIsGood(in, 1024)).isTrue();
        for (int at = 8; at < 144; at++) {
            ByteBuffer bad = ByteBuffer.wrap(Arrays.copyOf(good, good.length));
            bad.put(1024 + at, (byte) (bad.get(1024 + at) ^ 0x10));
            assertThat(codec.headerIsGood(bad, 1024)).as("byte %d", at).isFalse();
        }
    }

    @Test
    void versionTwoIsRefusedWithWords() throws IOException {
        Path file = temporary.resolve("0000000000000001.segment");
        Files.write(file, resource("version-2.segment"));
        assertThatThrownBy(() -> SegmentReader.open(GoodFiles.FILES, file).close())
                .isInstanceOf(SegmentVersionException.class)
                .hasMessageContaining("version 2")
                .hasMessageContaining("no release wrote that version");
    }
}
