// A small strict JSON reader and writer: integers, strings, booleans, null, arrays and objects; nothing else is needed
// on this wire, so fractions, duplicate keys and trailing text are errors.
#pragma once
#include <stdint.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msl {

struct Json {
  enum class Kind { Null, Boolean, Integer, String, Array, Object };

  Kind kind = Kind::Null;
  bool boolean = false;
  int64_t integer = 0;
  std::string text;
  std::vector<Json> items;                           // Array
  std::vector<std::pair<std::string, Json>> members; // Object, in order of appearance

  const Json *find(std::string_view key) const;
};

// Parses one document. On failure returns false and says why in `error`.
bool parse_json(std::string_view text, Json &out, std::string &error);

std::string decimal(int64_t value);
std::string quote_json(std::string_view text);

// Builds one flat or nested object, member by member.
class JsonObject {
public:
  JsonObject &add(std::string_view key, int64_t value);
  JsonObject &add(std::string_view key, std::string_view value);
  JsonObject &add(std::string_view key, const char *value) { return add(key, std::string_view(value)); }
  JsonObject &add_boolean(std::string_view key, bool value);
  JsonObject &add_raw(std::string_view key, std::string_view json);
  std::string finish() const { return body_ + "}"; }

private:
  std::string body_ = "{";
};

} // namespace msl
