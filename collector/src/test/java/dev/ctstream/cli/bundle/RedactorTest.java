package dev.ctstream.cli.bundle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RedactorTest {
    private final Redactor redactor = new Redactor(
            Map.of(
                    "sasl.jaas.config",
                    "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"clerk\""
                            + " password=\"hush hush\";",
                    "ssl.keystore.password",
                    "st0re",
                    "schema.registry.bearer.auth.token",
                    "tok.en-1"),
            Map.of("web-1", "this-host", "3d1219c7c4c5404aaa1f6d2a48adfda4", "this-host-id"),
            List.of("kafka1.prod.example.com", "broker", ".intern.example.org", "localhost", "10.0.0.1"));

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    from 10.0.0.1 to 10.0.0.2, again 10.0.0.1 | from ip4-1 to ip4-2, again ip4-1
                    010.000.000.001 and 10.0.0.1              | ip4-1 and ip4-1
                    at 127.0.0.1:9477 and 0.0.0.0:80          | at ip4-loopback:9477 and ip4-any:80
                    ip-10-0-0-7 and 10.0.0.7                  | ip-ip4-1 and ip4-1
                    src=2001:db8::1,dst=2001:DB8:0:0::1       | src=ip6-1,dst=ip6-1
                    [2001:db8::1]:9092 [::1]:9092             | [ip6-1]:9092 [ip6-loopback]:9092
                    2001:db8:0:0:0:0:0:1:9092                 | ip6-1:9092
                    ::ffff:192.0.2.1                          | ip6-1
                    fe80::1%eth0                              | ip6-1%eth0
                    src:fe80::1                               | src:ip6-1
                    12:fe80::1                                | ip6-1
                    mac 52:54:00:12:34:56, 52-54-00-12-34-56  | mac mac-1, mac-1
                    at 23:16:40.039Z on 2026-11-29            | at 23:16:40.039Z on 2026-11-29
                    4.4.0 and 1.2.3 and 999.1.1.1             | 4.4.0 and 1.2.3 and 999.1.1.1
                    Foo.java:12, a.properties:3               | Foo.java:12, a.properties:3
                    """)
    void addressesGetOneNameEach(String text, String redacted) {
        assertThat(redactor.redact(text)).isEqualTo(redacted);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    kafka1.prod.example.com:9092, KAFKA1.prod.example.com | host-1:9092, host-1
                    node kafka2.prod.example.com (id: 2)                  | node host-1 (id: 2)
                    db.other.example.net:5432                             | host-1:5432
                    a.b.intern.example.org                                | host-1
                    broker:9092 and kafka.brokers and broker.id           | host-1:9092 and kafka.brokers and broker.id
                    client.id=ctstream-web-1                              | client.id=ctstream-this-host
                    "host_id":"3d1219c7c4c5404aaa1f6d2a48adfda4"          | "host_id":"this-host-id"
                    localhost:9092                                        | localhost:9092
                    kafka.bootstrap.servers=x                             | kafka.bootstrap.servers=x
                    """)
    void namesOfHostsGetOneNameEach(String text, String redacted) {
        assertThat(redactor.redact(text)).isEqualTo(redacted);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "login with hush hush failed",
                "\"hush\"",
                "keystore st0re",
                "Authorization: Bearer tok.en-1",
                "Authorization: Basic Y2xlcms6aHVzaA==",
                "Bearer eyJhbGciOi.some.other",
                "https://me:p@ss@registry:8081/",
                "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----",
                "-----BEGIN EC PRIVATE KEY-----\\nMIIE\\n-----END EC PRIVATE KEY-----",
                "-----BEGIN CERTIFICATE-----\nMIIE cut",
                "'PRIVATE+KEY+ctstream/web-01.example+1234abcd+AMIIEhush/+xst0re'",
                "PRIVATE+KEY+MIIE"
            })
    void secretsAreHidden(String text) {
        assertThat(redactor.redact(text))
                .contains("[hidden]")
                .doesNotContain("hush", "st0re", "tok.en", "Y2xl", "eyJ", "p@ss", "MIIE");
    }

    @Test
    void aUserIsNoSecret() {
        assertThat(redactor.redact("login refused for clerk")).isEqualTo("login refused for clerk");
    }
}
