package dev.ctstream.read;

import java.util.List;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** The record without fields. */
final class Nothing {
    static final GenericRecord RECORD =
            new GenericData.Record(Schema.createRecord("Nothing", "No fields.", "dev.ctstream.read", false, List.of()));

    private Nothing() {}
}
