package dev.ctstream.segment;

import dev.ctstream.record.RunIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Reads a batch's run from the first fields of its Avro datum, for a segment whose header is destroyed. */
public final class BatchIdentity {
    private BatchIdentity() {}

    /**
     * The run that wrote a datum.
     *
     * @param kind {@link BatchEnvelope#EVENTS} or {@link BatchEnvelope#CONTROL}
     * @throws DamagedSegmentException when the bytes are not such a datum
     */
    public static RunIdentity of(int kind, ByteBuffer body) throws DamagedSegmentException {
        byte[] bytes = new byte[body.remaining()];
        body.duplicate().get(bytes);
        BinaryDecoder in = DecoderFactory.get().binaryDecoder(bytes, null);
        try {
            String host = in.readString();
            String boot = in.readString();
            in.readString(); // netns
            if (kind == BatchEnvelope.EVENTS) {
                in.readInt(); // ct_zone
            }
            return new RunIdentity(host, boot, in.readLong());
        } catch (IOException | AvroRuntimeException | IllegalArgumentException e) {
            throw new DamagedSegmentException("its header is damaged, and its first batch does not name its run");
        }
    }
}
