package dev.ctstream.record;

import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** A record without fields. */
public final class EmptyRecord {
    /** The only instance. */
    public static final GenericRecord RECORD = new GenericData.Record(
            Schema.createRecord("EmptyRecord", "No fields.", "dev.ctstream.record", false, List.of()));

    private EmptyRecord() {}
}
