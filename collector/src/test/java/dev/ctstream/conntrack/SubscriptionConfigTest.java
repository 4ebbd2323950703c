package dev.ctstream.conntrack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class SubscriptionConfigTest {
    @Test
    void standardIsNewAndDestroyCountedWith128MiB() {
        assertThat(SubscriptionConfig.standard())
                .isEqualTo(new SubscriptionConfig(true, false, true, 134_217_728, false));
        assertThat(SubscriptionConfig.standard().groups()).containsExactly(1, 3);
    }

    @Test
    void eachKindHasItsGroup() {
        assertThat(new SubscriptionConfig(true, true, true, 1, false).groups()).containsExactly(1, 2, 3);
        assertThat(new SubscriptionConfig(false, true, false, 1, true).groups()).containsExactly(2);
    }

    @Test
    void refusesNoEventsAndNoBuffer() {
        assertThatIllegalArgumentException().isThrownBy(() -> new SubscriptionConfig(false, false, false, 1, false));
        assertThatIllegalArgumentException().isThrownBy(() -> new SubscriptionConfig(true, true, true, 0, false));
    }
}
