package dev.ctstream.conntrack;

import static dev.ctstream.conntrack.MessageBytes.attribute;
import static dev.ctstream.conntrack.MessageBytes.be16;
import static dev.ctstream.conntrack.MessageBytes.ip;
import static dev.ctstream.conntrack.MessageBytes.message;
import static dev.ctstream.conntrack.MessageBytes.nest;
import static dev.ctstream.conntrack.MessageBytes.ports;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.ctstream.record.AddressText;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which flows' destinations are left out, and how the rules are written. */
class PrivacyRulesTest {
    private static PrivacyRules omit(String items) {
        return PrivacyRules.parse(List.of(items.split(" ")), false);
    }

    /** A flow from 10.1.0.1 to 198.51.100.7, translated to the source 192.0.2.5. */
    private static FlowEvent flow(int zone) {
        byte[] message = message(
                NfGenMsg.IPCTNL_MSG_CT_NEW,
                0,
                NfGenMsg.AF_INET,
                nest(1, ip(bytes("10.1.0.1"), bytes("198.51.100.7")), ports(6, 40_000, 443)),
                nest(2, ip(bytes("198.51.100.7"), bytes("192.0.2.5")), ports(6, 443, 61_000)),
                attribute(18, be16(zone)));
        FlowEvent event = new FlowEvent();
        assertThat(new FlowDecoder().decode(event, Fixtures.buffer(message), 0, message.length))
                .isTrue();
        return event;
    }

    private static byte[] bytes(String address) {
        return AddressText.parse(address);
    }

    @ParameterizedTest
    @CsvSource({
        "all, true",
        "7, true",
        "1-6, false",
        "10.0.0.0/8, true",
        "198.51.100.7, true",
        "192.0.2.0/24, true",
        "192.0.3.0/24, false",
        "2001:db8::/32, false",
        "8 10.0.0.0/8, true",
        "all !7, false",
        "!8, true",
        "!7, false",
        "7 !192.0.2.5, false",
        "10.0.0.0/8 !5-7, false",
        "10.0.0.0/8 !8, true"
    })
    void aFlowIsChosenByItsZoneOrAnyOfItsAddressesAndExclusionsWin(String items, boolean omitted) {
        assertThat(omit(items).omitsDestination(flow(7))).isEqualTo(omitted);
        assertThat(omit(items).isNothing()).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "all, destinations omitted: of all flows",
                "7 5-6 10.0.0.0/8, destinations omitted: zones 5-7 networks 10.0.0.0/8",
                "all !2001:db8::/32 !3, destinations omitted: of all flows except zones 3 networks 2001:db8::/32"
            })
    void rulesAreWrittenInOneForm(String items, String text) {
        assertThat(omit(items)).hasToString(text);
        assertThat(PrivacyRules.parse(List.of(items.split(" ")), true))
                .hasToString(text + "; addresses truncated: /24 /48")
                .isNotEqualTo(omit(items));
    }

    @Test
    void withoutRulesNothingIsLeftOut() {
        assertThat(PrivacyRules.parse(List.of(), false))
                .isSameAs(PrivacyRules.NONE)
                .hasToString("none");
        assertThat(PrivacyRules.NONE.omitsDestination(flow(0))).isFalse();
        assertThat(PrivacyRules.parse(List.of(), true).omitsDestination(flow(0)))
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "blue, 'blue' is not a zone",
                "65536, '65536' is no number or range in 0-65535",
                "10.1.0.0/8, '10.1.0.0/8' has bits after its prefix: the network is 10.0.0.0/8",
                "!10.0.0.0/33, '10.0.0.0/33' is no network such as 10.0.0.0/8"
            })
    void whatCannotBeReadIsNamed(String item, String sentence) {
        assertThatIllegalArgumentException().isThrownBy(() -> omit(item)).withMessage(sentence);
    }
}
