import type { holds as english } from "../en/holds.ts";
import type { Texts } from "../en/index.ts";

export const holds: Texts<typeof english> = {
  "status.standing": "Đang hiệu lực",
  "holds.lead":
    "Khi lệnh dừng khẩn cấp có hiệu lực, không giấy phép nào được sử dụng trong môi trường đó. Các lượt chạy đã bắt đầu vẫn tiếp tục.",
  "holds.notPermitted":
    "Lệnh dừng khẩn cấp chỉ hiển thị cho người vận hành, người có chủ quyền, bên thực thi và kiểm toán viên.",
  "holds.scope": "Phạm vi",
  "holds.everywhere": "Mọi nơi",
  "holds.placed": "Người đặt",
  "holds.lifted": "Gỡ bỏ",
  "holds.none": "Không có lệnh dừng khẩn cấp.",
  "holds.place": "Đặt lệnh dừng khẩn cấp",
  "holds.placeLead": "Từ lúc này không gì được sử dụng ở đó cho đến khi có người gỡ lệnh.",
  "holds.environmentHint": "Để trống: mọi môi trường.",
  "holds.placedNow": "Lệnh dừng đã có hiệu lực.",
  "holds.lift": "Gỡ lệnh dừng",
  "holds.liftedNow": "Lệnh dừng đã được gỡ.",
};
