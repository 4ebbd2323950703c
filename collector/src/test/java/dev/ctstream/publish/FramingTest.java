package dev.ctstream.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ctstream.batch.MadeBatches;
import dev.ctstream.batch.Schemas;
import dev.ctstream.spool.QueuedBatch;
import java.nio.ByteBuffer;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;
import org.junit.jupiter.api.Test;

class FramingTest {
    @Test
    void singleObjectIsReadByAvrosOwnDecoder() throws Exception {
        QueuedBatch batch = Batches.events(1, MadeBatches.stream("host", 7), 5, 3);
        byte[] prefix = Framing.SINGLE_OBJECT.prefix(Schemas.BATCH);
        ByteBuffer value = ByteBuffer.allocate(prefix.length + batch.lengthBytes())
                .put(prefix)
                .put(batch.array(), batch.offset(), batch.lengthBytes())
                .flip();

        GenericRecord read = new BinaryMessageDecoder<GenericRecord>(GenericData.get(), Schemas.BATCH).decode(value);

        assertThat(prefix).hasSize(10).startsWith(0xC3, 0x01);
        assertThat(Batches.sequences(read)).containsExactly(5L, 6L, 7L);
    }

    @Test
    void bareIsNothing() {
        assertThat(Framing.BARE.prefix(Schemas.CONTROL)).isEmpty();
    }

    @Test
    void confluentIsAZeroAndTheIdBigEndian() {
        assertThat(Framing.confluentPrefix(0x01020304)).containsExactly(0, 1, 2, 3, 4);
    }

    @Test
    void confluentSaysThatItNeedsARegistry() {
        assertThatThrownBy(() -> Framing.CONFLUENT.prefix(Schemas.BATCH))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record.framing=confluent")
                .hasMessageContaining("single-object");
    }
}
