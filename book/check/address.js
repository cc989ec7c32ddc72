/** An address as the file system has it; as it is, where its `%` encode nothing: such a file is missing, and no more. */
export function decode(address) {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}
