// Prints the events of conntrack.events or conntrack.flat as JSON, one a line, from the beginning to the present end.
//
//     npm install
//     node events.js HOST:9092 conntrack.events [--registry URL] [--bare ConntrackBatch|ConntrackFlatEvent]
//
// Reads both layouts and all framings. Values of framing confluent name their schema in the registry; the others are in
// schemas/src/main/avro. kafkajs knows no zstd, so it gets a codec; avsc reads longs as BigInt, since a Number holds only
// integers up to 2^53.
import avsc from 'avsc';
import * as fzstd from 'fzstd';
import fs from 'node:fs';
import kafkajs from 'kafkajs';
import { parseArgs } from 'node:util';

const SCHEMAS = new URL('../../../../schemas/src/main/avro/', import.meta.url);

kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({
  decompress: async (bytes) => Buffer.from(fzstd.decompress(bytes)),
});

const long = avsc.types.LongType.__with({
  fromBuffer: (bytes) => bytes.readBigInt64LE(),
  toBuffer: (value) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(value);
    return bytes;
  },
  fromJSON: BigInt,
  toJSON: String,
  isValid: (value) => typeof value === 'bigint',
  compare: (one, other) => (one < other ? -1 : one > other ? 1 : 0),
});

// Without logical types: times stay whole numbers, as in `ctstream read -o json`.
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (schema === null || typeof schema !== 'object') return schema;
  if (schema.logicalType) return schema.type;
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, plain(value)]));
}

const typeOf = (schema) => avsc.Type.forSchema(plain(schema), { registry: { long } });

// CRC-64-AVRO of the canonical form, as single-object values have it.
function fingerprint(type) {
  const empty = 0xc15d213aa4d7a795n;
  let crc = empty;
  for (const byte of Buffer.from(JSON.stringify(type.schema()))) {
    let row = (crc ^ BigInt(byte)) & 0xffn;
    for (let bit = 0; bit < 8; bit++) row = (row >> 1n) ^ (row & 1n ? empty : 0n);
    crc = (crc >> 8n) ^ row;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(crc);
  return bytes.toString('hex');
}

const { values: options, positionals } = parseArgs({
  options: { registry: { type: 'string' }, bare: { type: 'string' } },
  allowPositionals: true,
});
const [broker, topic] = positionals;
const byFingerprint = {};
const byName = {};
for (const file of fs.readdirSync(SCHEMAS)) {
  const type = typeOf(JSON.parse(fs.readFileSync(new URL(file, SCHEMAS))));
  byFingerprint[fingerprint(type)] = type;
  byName[type.name.split('.').pop()] = type;
}

const byId = {};
async function registered(id) {
  if (!byId[id]) {
    const answer = await fetch(`${options.registry}/schemas/ids/${id}`);
    byId[id] = typeOf(JSON.parse((await answer.json()).schema));
  }
  return byId[id];
}

async function decode(value) {
  if (options.bare) return byName[options.bare].fromBuffer(value);
  if (value[0] === 0xc3) return byFingerprint[value.toString('hex', 2, 10)].fromBuffer(value.subarray(10));
  return (await registered(value.readUInt32BE(1))).fromBuffer(value.subarray(5));
}

function events({ events: list, first_event_time, last_event_time, ...common }) {
  return list ? list.map((event) => ({ ...common, ...event })) : [common];
}

function json(value) {
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.entries(value).map(([name, inner]) => `${JSON.stringify(name)}:${json(inner)}`).join(',')}}`;
}

const kafka = new kafkajs.Kafka({ brokers: [broker], logLevel: kafkajs.logLevel.ERROR });
const admin = kafka.admin();
await admin.connect();
const left = new Map();
for (const { partition, high, low } of await admin.fetchTopicOffsets(topic)) {
  if (high !== low) left.set(partition, BigInt(high));
}
await admin.disconnect();

const consumer = kafka.consumer({ groupId: `events-js-${process.pid}` });
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await new Promise((done, failed) => {
  if (left.size === 0) done();
  consumer.on(consumer.events.CRASH, ({ payload }) => failed(payload.error));
  consumer.run({
    autoCommit: false,
    eachMessage: async ({ partition, message }) => {
      for (const event of events(await decode(message.value))) console.log(json(event));
      if (BigInt(message.offset) + 1n >= (left.get(partition) ?? 0n)) left.delete(partition);
      if (left.size === 0) done();
    },
  });
});
await consumer.disconnect();
