package dev.ctstream.record;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.util.List;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.message.BinaryMessageDecoder;
import org.junit.jupiter.api.Test;

class FramingTest {
    @Test
    void singleObjectIsReadByAvrosOwnDecoder() throws Exception {
        GenericRecord batch = EventRecords.batch(
                7,
                List.of(EventRecords.event(5, "NEW"), EventRecords.event(6, "UPDATE"), EventRecords.event(7, "NEW")));
        byte[] datum = EventRecords.bare(batch);
        byte[] prefix = Framing.SINGLE_OBJECT.prefix(Schemas.BATCH, Framing.NO_ID);
        ByteBuffer value = ByteBuffer.allocate(prefix.length + datum.length)
                .put(prefix)
                .put(datum)
                .flip();

        GenericRecord read = new BinaryMessageDecoder<GenericRecord>(GenericData.get(), Schemas.BATCH).decode(value);

        assertThat(prefix).hasSize(10).startsWith(0xC3, 0x01);
        assertThat(read).isEqualTo(batch);
    }

    @Test
    void bareHasNoPrefix() {
        assertThat(Framing.BARE.prefix(Schemas.CONTROL, Framing.NO_ID)).isEmpty();
    }

    @Test
    void confluentPrefixIsAZeroAndTheBigEndianId() {
        assertThat(Framing.CONFLUENT.prefix(Schemas.BATCH, 0x01020304)).containsExactly(0, 1, 2, 3, 4);
    }
}
