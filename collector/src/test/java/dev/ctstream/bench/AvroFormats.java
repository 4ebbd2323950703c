package dev.ctstream.bench;

import dev.ctstream.batch.EncodedBatch;
import dev.ctstream.record.Schemas;
import dev.ctstream.spool.FrameFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.zip.CRC32C;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.Schema;
import org.apache.avro.file.CodecFactory;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.file.DataFileWriter;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.GenericRecord;

/** The formats that {@link SpoolFormats} compares. */
final class AvroFormats {
    /** The null codec does not detect damage, so each record carries a checksum. */
    private static final Schema CHECKED = new Schema.Parser().parse("""
                    {"type": "record", "name": "Checked", "fields": [
                      {"name": "crc32c", "type": {"type": "fixed", "name": "Crc", "size": 4}},
                      {"name": "body", "type": "bytes"}]}
                    """);

    private AvroFormats() {}

    static SpoolFormats.Format frames() {
        return new SpoolFormats.Format() {
            @Override
            public SpoolFormats.Target open(Path file) throws IOException {
                return new FrameTarget(new FrameFile(file, VariedBatches.RUN));
            }

            @Override
            public void read(Path file, SpoolFormats.Part part) throws IOException {
                FrameFile.read(file, body -> part.read(body, 1));
            }
        };
    }

    static SpoolFormats.Format zstd() {
        return new SpoolFormats.Format() {
            @Override
            public SpoolFormats.Target open(Path file) throws IOException {
                return new AvroTarget(file, Schemas.BATCH, CodecFactory.zstandardCodec(1, true, true));
            }

            @Override
            public void read(Path file, SpoolFormats.Part part) throws IOException {
                readBlocks(file, reader -> {
                    ByteBuffer block = reader.nextBlock(); // decompressed, not decoded
                    part.read(block, reader.getBlockCount());
                });
            }
        };
    }

    static SpoolFormats.Format nullCodec() {
        return new SpoolFormats.Format() {
            @Override
            public SpoolFormats.Target open(Path file) throws IOException {
                return new CheckedTarget(file);
            }

            @Override
            public void read(Path file, SpoolFormats.Part part) throws IOException {
                CRC32C crc = new CRC32C();
                readBlocks(file, reader -> {
                    GenericRecord record = reader.next();
                    ByteBuffer body = (ByteBuffer) record.get("body");
                    crc.reset();
                    crc.update(body.duplicate());
                    byte[] written = ((GenericFixed) record.get("crc32c")).bytes();
                    if (ByteBuffer.wrap(written).getInt() == (int) crc.getValue()) {
                        part.read(body, 1);
                    }
                });
            }
        };
    }

    private interface Step {
        void read(DataFileReader<GenericRecord> reader) throws IOException;
    }

    /** Continues at the next sync marker after unreadable data. */
    private static void readBlocks(Path file, Step step) throws IOException {
        try (DataFileReader<GenericRecord> reader = new DataFileReader<>(file.toFile(), new GenericDatumReader<>())) {
            long size = file.toFile().length();
            for (boolean ended = false; !ended; ) {
                try {
                    while (reader.hasNext()) {
                        step.read(reader);
                    }
                    ended = true;
                } catch (AvroRuntimeException | IOException | IndexOutOfBoundsException e) {
                    reader.sync(reader.previousSync());
                    ended = reader.previousSync() >= size;
                }
            }
        } catch (AvroRuntimeException | IOException e) {
            // The file header is damaged: nothing can be read.
        }
    }

    private record FrameTarget(FrameFile frames) implements SpoolFormats.Target {
        @Override
        public void append(EncodedBatch batch) throws IOException {
            frames.append(batch);
        }

        @Override
        public void flush() throws IOException {
            frames.flush();
        }

        @Override
        public void sync() throws IOException {
            frames.sync();
        }

        @Override
        public void close() throws IOException {
            frames.finish();
            frames.close();
        }
    }

    private static class AvroTarget implements SpoolFormats.Target {
        final DataFileWriter<GenericRecord> writer;

        AvroTarget(Path file, Schema schema, CodecFactory codec) throws IOException {
            writer = new DataFileWriter<>(new GenericDatumWriter<GenericRecord>(schema));
            writer.setCodec(codec).setFlushOnEveryBlock(false);
            writer.create(schema, file.toFile());
        }

        @Override
        public void append(EncodedBatch batch) throws IOException {
            writer.appendEncoded(ByteBuffer.wrap(batch.array(), batch.offset(), batch.lengthBytes()));
        }

        @Override
        public void flush() throws IOException {
            writer.flush();
        }

        @Override
        public void sync() throws IOException {
            writer.fSync();
        }

        @Override
        public void close() throws IOException {
            writer.close();
        }
    }

    private static final class CheckedTarget extends AvroTarget {
        private final CRC32C crc = new CRC32C();
        private final ByteBuffer record = ByteBuffer.allocate(1 << 20);

        CheckedTarget(Path file) throws IOException {
            super(file, CHECKED, CodecFactory.nullCodec());
        }

        @Override
        public void append(EncodedBatch batch) throws IOException {
            crc.reset();
            crc.update(batch.array(), batch.offset(), batch.lengthBytes());
            record.clear().putInt((int) crc.getValue());
            long length = 2L * batch.lengthBytes();
            for (; length > 0x7F; length >>>= 7) {
                record.put((byte) (length | 0x80));
            }
            record.put((byte) length).put(batch.array(), batch.offset(), batch.lengthBytes());
            writer.appendEncoded(record.flip());
        }
    }
}
