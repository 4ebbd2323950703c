import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.quota.ClientQuotaAlteration;
import org.apache.kafka.common.quota.ClientQuotaEntity;

/**
 * Alters the broker for {@code provoke}: {@code Alter BOOTSTRAP [TOPIC:KEY=VALUE ...] [quota=BYTES]}. An empty value takes
 * a topic's setting away; the quota is what each client may produce a second.
 */
final class Alter {
    private Alter() {}

    public static void main(String[] words) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", words[0]))) {
            for (String word : List.of(words).subList(1, words.length)) {
                String value = word.substring(word.indexOf('=') + 1);
                if (word.startsWith("quota=")) {
                    quota(admin, Double.parseDouble(value));
                } else {
                    int colon = word.indexOf(':');
                    topic(admin, word.substring(0, colon), word.substring(colon + 1, word.indexOf('=')), value);
                }
            }
        }
    }

    private static void topic(Admin admin, String topic, String key, String value) throws Exception {
        AlterConfigOp.OpType kind = value.isEmpty() ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET;
        List<AlterConfigOp> one = new ArrayList<>();
        one.add(new AlterConfigOp(new ConfigEntry(key, value), kind));
        admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, topic), one))
                .all()
                .get();
    }

    private static void quota(Admin admin, double bytes) throws Exception {
        ClientQuotaEntity everyClient =
                new ClientQuotaEntity(Collections.singletonMap(ClientQuotaEntity.CLIENT_ID, null));
        admin.alterClientQuotas(List.of(new ClientQuotaAlteration(
                        everyClient, List.of(new ClientQuotaAlteration.Op("producer_byte_rate", bytes)))))
                .all()
                .get();
    }
}
